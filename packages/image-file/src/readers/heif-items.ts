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
    for (const { id, type, rest } of itemsIn(information)) {
      const kind = kindOf(type, rest)
      const item = kind && read(boxes, places.get(id))
      if (!item) continue
      if (kind === 'xmp') metadata.addXmp(item)
      // 4 bytes: how many bytes there are before the TIFF header.
      else if (item.length > 4) metadata.addExif(item.subarray(4 + item.readUInt32BE(0)))
    }
  } catch {
    // An offset outside its box.
  }
}

/** The four letters of an item's type: `hvc1`, `grid`, … Undefined if it is not in a sound `iinf`. */
export function typeOfItem(item: number, iinf: Buffer): string | undefined {
  try {
    for (const { id, type } of itemsIn(iinf)) if (id === item) return type
  } catch {
    // A box that ends too early.
  }
  return undefined
}

/** The first item that another one is derived from. */
export function firstPartOf(item: number, iref: Buffer): number | undefined {
  for (const { type, from, to } of referencesIn(iref)) if (type === 'dimg' && from === item) return to[0]
  return undefined
}

/** `dimg`: made of others. `auxl`: the alpha channel of another. */
interface Reference {
  type: string
  from: number
  to: number[]
}

/**
 * `iref` has a version and flags, then for each item a box with its id, a count (2 bytes) and ids, of 2 bytes each, or 4 from
 * version 1 on (ISO/IEC 14496-12, 8.11.12).
 */
export function* referencesIn(iref: Buffer): Generator<Reference> {
  const idBytes = iref[0] === 0 ? 2 : 4
  for (let at = 4; at + 10 + idBytes <= iref.length; ) {
    const size = iref.readUInt32BE(at)
    const end = Math.min(at + size, iref.length)
    if (size < 8) return
    const to: number[] = []
    for (let id = at + 10 + idBytes; id + idBytes <= end; id += idBytes) to.push(iref.readUIntBE(id, idBytes))
    yield { type: iref.toString('latin1', at + 4, at + 8), from: iref.readUIntBE(at + 8, idBytes), to }
    at += size
  }
}

interface Item {
  id: number
  type: string
  /** From the end of the type: a name that ends with a zero; for `mime` a media type follows. */
  rest: Buffer
}

/** Version and flags, a count (2 bytes, or 4 from version 1), then `infe` boxes (ISO/IEC 14496-12, 8.11.6). */
export function* itemsIn(iinf: Buffer): Generator<Item> {
  for (let at = iinf[0] === 0 ? 6 : 8; at + 8 <= iinf.length; ) {
    const size = iinf.readUInt32BE(at)
    if (size < 8) return
    const item = itemIn(iinf.subarray(at + 8, at + size))
    if (item) yield item
    at += size
  }
}

/** Version (2, or 3 with ids of 4 bytes) and flags, an id, 2 bytes of protection, a type of 4 letters. */
function itemIn(infe: Buffer): Item | undefined {
  const version = infe[0] ?? 0
  if (version < 2) return undefined
  const idBytes = version === 2 ? 2 : 4
  const [typeAt, end] = [6 + idBytes, 10 + idBytes]
  return {
    id: infe.readUIntBE(4, idBytes),
    type: infe.toString('latin1', typeAt, end),
    rest: infe.subarray(end),
  }
}

function kindOf(type: string, rest: Buffer): 'exif' | 'xmp' | undefined {
  if (type === 'Exif') return 'exif'
  const mediaType = rest.toString('latin1', rest.indexOf(0) + 1)
  return type === 'mime' && mediaType.startsWith('application/rdf+xml') ? 'xmp' : undefined
}

export interface Place {
  isInline: boolean
  extents: { from: number; length: number }[]
}

/**
 * Version and flags; the sizes in bytes of offsets, lengths, base offsets and indices, 4 bits each; a count; then for each
 * item its id, from version 1 on where its offsets start, a reference, a base offset, and its extents (ISO/IEC 14496-12,
 * 8.11.3).
 */
export function placesIn(iloc: Buffer): Map<number, Place> {
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
