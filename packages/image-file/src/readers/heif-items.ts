import type { EmbeddedMetadata } from '../embedded-metadata.ts'

/** The boxes that say where a HEIF's metadata is, and the boxes that contain it. */
export interface ItemBoxes {
  /** `iinf`: the items' ids and types. */
  information?: Buffer
  /** `iloc`: their places. */
  locations?: Buffer
  /** `idat`, which some places refer to. */
  inline?: Buffer
  /** `mdat` boxes: the position of their content in the file, and the content. */
  data: { start: number; content: Buffer }[]
}

const MAX_ITEM_BYTES = 8 * 1024 * 1024

/** Finds the items of EXIF and XMP (ISO/IEC 23008-12, annex A). Damaged boxes give fewer items. */
export function addItems(metadata: EmbeddedMetadata, boxes: ItemBoxes): void {
  const { information, locations } = boxes
  if (!information || !locations) return
  try {
    const places = placesIn(locations)
    for (const { id, kind } of metadataItemsIn(information)) {
      const item = read(boxes, places.get(id))
      if (!item) continue
      if (kind === 'xmp') metadata.addXmp(item)
      // 4 bytes: how many bytes there are before the TIFF header.
      else if (item.length > 4) metadata.addExif(item.subarray(4 + item.readUInt32BE(0)))
    }
  } catch {
    // An offset outside its box.
  }
}

interface Item {
  id: number
  kind: 'exif' | 'xmp'
}

/** Version and flags, a count (2 bytes, or 4 from version 1), then `infe` boxes (ISO/IEC 14496-12, 8.11.6). */
function* metadataItemsIn(iinf: Buffer): Generator<Item> {
  for (let at = iinf[0] === 0 ? 6 : 8; at + 8 <= iinf.length; ) {
    const size = iinf.readUInt32BE(at)
    if (size < 8) return
    const item = itemIn(iinf.subarray(at + 8, at + size))
    if (item) yield item
    at += size
  }
}

/**
 * Version (2, or 3 with ids of 4 bytes) and flags, an id, 2 bytes of protection, a type of 4 letters, a name that ends with
 * a zero; for `mime` a media type follows.
 */
function itemIn(infe: Buffer): Item | undefined {
  const version = infe[0] ?? 0
  if (version < 2) return undefined
  const idBytes = version === 2 ? 2 : 4
  const id = infe.readUIntBE(4, idBytes)
  const type = infe.toString('latin1', 6 + idBytes, 10 + idBytes)
  if (type === 'Exif') return { id, kind: 'exif' }
  const mediaType = infe.toString('latin1', infe.indexOf(0, 10 + idBytes) + 1)
  return type === 'mime' && mediaType.startsWith('application/rdf+xml') ? { id, kind: 'xmp' } : undefined
}

interface Place {
  isInline: boolean
  extents: { from: number; length: number }[]
}

/**
 * Version and flags; the sizes in bytes of offsets, lengths, base offsets and indices, 4 bits each; a count; then for each
 * item its id, from version 1 on where its offsets start, a reference, a base offset, and its extents (ISO/IEC 14496-12,
 * 8.11.3).
 */
function placesIn(iloc: Buffer): Map<number, Place> {
  const version = iloc.readUInt8(0)
  const sizes = iloc.readUInt16BE(4)
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexBytes = version === 0 ? 0 : sizes & 15
  const idBytes = version < 2 ? 2 : 4
  let at = 6
  const next = (bytes: number) => {
    at += bytes
    if (bytes === 8) return Number(iloc.readBigUInt64BE(at - 8))
    return bytes === 0 ? 0 : iloc.readUIntBE(at - bytes, bytes)
  }
  const places = new Map<number, Place>()
  for (let left = next(idBytes); left > 0; left--) {
    const id = next(idBytes)
    const isInline = version > 0 && (next(2) & 15) === 1
    next(2) // a reference to another file
    const base = next(baseBytes)
    const extents = Array.from({ length: next(2) }, () => {
      next(indexBytes)
      return { from: base + next(offsetBytes), length: next(lengthBytes) }
    })
    places.set(id, { isInline, extents })
  }
  return places
}

function read({ inline, data }: ItemBoxes, place: Place | undefined): Buffer | undefined {
  const bytes = place?.extents.reduce((sum, { length }) => sum + length, 0) ?? 0
  if (!place || bytes > MAX_ITEM_BYTES) return undefined
  const parts = place.extents.map(({ from, length }) => {
    if (place.isInline) return inline?.subarray(from, from + length)
    const box = data.find(({ start, content }) => from >= start && from + length <= start + content.length)
    return box?.content.subarray(from - box.start, from - box.start + length)
  })
  return Buffer.concat(parts.filter((part) => part !== undefined))
}
