/**
 * A file of the same type with nothing in it but EXIF and XMP, and of each no more than makes sense. A reader of EXIF
 * follows offsets through all it is given, and takes seconds and hundreds of megabytes where tags claim the whole file as
 * their value. AVIF comes back as it is, as its EXIF lies among the picture's data.
 */
export function onlyMetadata(original: Uint8Array): Uint8Array {
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.length)
  if (bytes.readUInt16BE(0) === 0xffd8) return fromJpeg(bytes)
  if (bytes.toString('latin1', 1, 4) === 'PNG') return fromPng(bytes)
  if (bytes.toString('latin1', 8, 12) === 'WEBP') return fromWebp(bytes)
  return original
}

/** Cameras write up to 64 KB, which is all that a segment of a JPEG holds. */
const MOST = 256 * 1024

/** The first of each kind. */
function firstOf(parts: { kind: string | undefined; part: Buffer }[]): Buffer[] {
  const wanted = parts.filter(({ kind, part }) => kind !== undefined && part.length <= MOST)
  return wanted
    .filter(({ kind }, n) => wanted.findIndex((other) => other.kind === kind) === n)
    .map(({ part }) => part)
}

const START_OF_SCAN = 0xda
const APP1 = 0xe1
const JPEG_KINDS = ['Exif\0\0', 'http://ns.adobe.com/xap/1.0/\0']

/** Segments `FF xx length…` up to the first scan (ITU-T T.81, annex B); both kinds lie in APP1. */
function fromJpeg(jpeg: Buffer): Buffer {
  const found = []
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at + 1] !== START_OF_SCAN; ) {
    const isMarker = jpeg[at] === 0xff && jpeg[at + 1] !== 0xff
    const end = isMarker ? at + 2 + jpeg.readUInt16BE(at + 2) : at + 1
    if (isMarker && jpeg[at + 1] === APP1) {
      const kind = JPEG_KINDS.find((name) => jpeg.toString('latin1', at + 4, at + 4 + name.length) === name)
      found.push({ kind, part: jpeg.subarray(at, end) })
    }
    at = end
  }
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...firstOf(found), Buffer.from([0xff, 0xd9])])
}

const XMP_IN_PNG = 'iTXtXML:com.adobe.xmp\0'

/** Chunks `length type data crc` (W3C PNG, section 5.3). */
function fromPng(png: Buffer): Buffer {
  const found = []
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 12 + png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    const isXmp = png.toString('latin1', at + 4, at + 4 + XMP_IN_PNG.length) === XMP_IN_PNG
    const kind = isXmp ? 'XMP' : ['IHDR', 'eXIf', 'IEND'].find((name) => name === type)
    found.push({ kind, part: png.subarray(at, end) })
    at = end
  }
  return Buffer.concat([png.subarray(0, 8), ...firstOf(found)])
}

/** Chunks `name length payload`, padded to even (RFC 9649). */
function fromWebp(webp: Buffer): Buffer {
  const found = []
  for (let at = 12; at + 8 <= webp.length; ) {
    const length = webp.readUInt32LE(at + 4)
    const end = at + 8 + length + (length % 2)
    const kind = ['VP8X', 'EXIF', 'XMP '].find((name) => name === webp.toString('latin1', at, at + 4))
    found.push({ kind, part: webp.subarray(at, end) })
    at = end
  }
  const small = Buffer.concat([webp.subarray(0, 12), ...firstOf(found)])
  small.writeUInt32LE(small.length - 8, 4)
  return small
}
