/** A box (ISO/IEC 14496-12, 4.2): its size, its type, its content. */
function box(type: string, ...content: Uint8Array[]): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), ...content])
  bytes.writeUInt32BE(bytes.length)
  return bytes
}

/** With a version and flags. */
const fullBox = (type: string, version: number, ...content: Uint8Array[]) =>
  box(type, Buffer.from([version, 0, 0, 0]), ...content)

function uint(bytes: 1 | 2 | 4, ...values: number[]): Buffer {
  const buffer = Buffer.alloc(bytes * values.length)
  for (const [i, value] of values.entries()) buffer.writeUIntBE(value, i * bytes, bytes)
  return buffer
}

/** What `box(type)` made of a file, by the first place where the type occurs. */
function boxIn(file: Buffer, type: string): Buffer {
  const at = file.indexOf(type, 0, 'latin1') - 4
  return file.subarray(at, at + file.readUInt32BE(at))
}

const HEVC = { brand: 'heic', item: 'hvc1', configuration: 'hvcC' }
const AV1 = { brand: 'avif', item: 'av01', configuration: 'av1C' }

/** Of a property: a reader that does not know it must not show the picture. */
const ESSENTIAL = 0x80

interface Grid {
  columns: number
  rows: number
  /** Of the whole picture in pixels, which may end inside the last tiles. By default all of them. */
  width?: number
  height?: number
  /** Further properties of the whole picture, in order: `irot`, `imir`. */
  properties?: Buffer[]
}

/** Anti-clockwise (ISO/IEC 23008-12, 6.5.10). */
export const rotation = (quarterTurns: number) => box('irot', Buffer.from([quarterTurns]))

/** 0: top and bottom are exchanged; 1: left and right (6.5.12). */
export const mirroring = (axis: 0 | 1) => box('imir', Buffer.from([axis]))

/**
 * A HEIC or AVIF as phones write it, a grid of tiles (ISO/IEC 23008-12, 6.6.2.3), in which each tile is the picture of the same
 * small file. That must have a single picture and nothing else in its `mdat`.
 */
export function gridHeif(tile: Buffer, { columns, rows, properties = [], ...size }: Grid): Buffer {
  const codec = tile.includes('av1C') ? AV1 : HEVC
  const ispe = boxIn(tile, 'ispe')
  const [tileWidth, tileHeight] = [ispe.readUInt32BE(12), ispe.readUInt32BE(16)]
  const { width = columns * tileWidth, height = rows * tileHeight } = size
  const count = columns * rows
  const ids = Array.from({ length: count }, (_, i) => i + 1)
  const gridId = count + 1
  const data = boxIn(tile, 'mdat').subarray(8)

  const infe = (id: number, type: string) =>
    fullBox('infe', 2, uint(2, id, 0), Buffer.from(type, 'latin1'), Buffer.of(0))
  const associations = (id: number, numbers: number[]) =>
    Buffer.concat([uint(2, id), uint(1, numbers.length, ...numbers)])
  const place = (id: number, isInline: boolean, offset: number, length: number) =>
    Buffer.concat([uint(2, id, isInline ? 1 : 0, 0, 1), uint(4, offset, length)])

  const metaWith = (dataOffset: number) =>
    fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, uint(4, 0), Buffer.from('pict', 'latin1'), Buffer.alloc(13)),
      fullBox('pitm', 0, uint(2, gridId)),
      fullBox('iinf', 0, uint(2, gridId), ...ids.map((id) => infe(id, codec.item)), infe(gridId, 'grid')),
      fullBox('iref', 0, box('dimg', uint(2, gridId, count, ...ids))),
      box(
        'iprp',
        box(
          'ipco',
          boxIn(tile, codec.configuration),
          ispe,
          boxIn(tile, 'pixi'),
          fullBox('ispe', 0, uint(4, width, height)),
          ...properties,
        ),
        fullBox(
          'ipma',
          0,
          uint(4, gridId),
          ...ids.map((id) => associations(id, [ESSENTIAL | 1, 2, 3])),
          associations(gridId, [4, 3, ...properties.map((_, i) => ESSENTIAL | (5 + i))]),
        ),
      ),
      fullBox(
        'iloc',
        1,
        uint(2, 0x4400, gridId),
        ...ids.map((id) => place(id, false, dataOffset, data.length)),
        place(gridId, true, 0, 8),
      ),
      box('idat', uint(1, 0, 0, rows - 1, columns - 1), uint(2, width, height)),
    )

  const ftyp = box('ftyp', Buffer.from(`${codec.brand}\0\0\0\0mif1${codec.brand}`, 'latin1'))
  const meta = metaWith(ftyp.length + metaWith(0).length + 8)
  return Buffer.concat([ftyp, meta, box('mdat', data)])
}
