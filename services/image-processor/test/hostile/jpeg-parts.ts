/** A JPEG segment (ITU-T T.81, annex B). */
export function segment(marker: number, data: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}

/** Inserts segments after the first marker, `FF D8`. */
export function withSegments(jpeg: Buffer, ...segments: Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}

/** The first position of a marker. */
export function positionOf(jpeg: Buffer, marker: number): number {
  const at = jpeg.indexOf(Buffer.from([0xff, marker]))
  if (at === -1) throw new Error(`no marker ${marker.toString(16)}`)
  return at
}

/** Changes the size in the header. */
export function claiming(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg)
  const progressive = jpeg.indexOf(Buffer.from([0xff, 0xc2]))
  const at = progressive === -1 ? positionOf(jpeg, 0xc0) : progressive
  changed.writeUInt16BE(height, at + 5)
  changed.writeUInt16BE(width, at + 7)
  return changed
}

/** Repeats the first scan. */
export function withScans(progressive: Buffer, count: number): Buffer {
  const scan = Buffer.from([0xff, 0xda])
  const first = progressive.indexOf(scan)
  // Up to the tables of the second scan.
  const end = progressive.indexOf(Buffer.from([0xff, 0xc4]), first)
  const scans = Array.from({ length: count }, () => progressive.subarray(first, end))
  return Buffer.concat([progressive.subarray(0, end), ...scans, progressive.subarray(end)])
}

/** An EXIF segment around a TIFF structure. */
export function exif(tiff: Uint8Array): Buffer {
  return segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]))
}

/** Little-endian TIFF with one directory of entries `tag, type, count, value`, and the offset of the next one. */
export function tiff(entries: [number, number, number, number][], next = 0): Buffer {
  const bytes = Buffer.alloc(8 + 2 + 12 * entries.length + 4)
  bytes.write('II*\0', 'latin1')
  bytes.writeUInt32LE(8, 4)
  bytes.writeUInt16LE(entries.length, 8)
  entries.forEach(([tag, type, count, value], n) => {
    bytes.writeUInt16LE(tag, 10 + 12 * n)
    bytes.writeUInt16LE(type, 12 + 12 * n)
    bytes.writeUInt32LE(count, 14 + 12 * n)
    bytes.writeUInt32LE(value, 18 + 12 * n)
  })
  bytes.writeUInt32LE(next, bytes.length - 4)
  return bytes
}
