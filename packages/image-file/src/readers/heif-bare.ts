import { walkAll } from '../segments.ts'
import { readBoxes } from './heif-boxes.ts'
import { itemsIn, type Place, placesIn, referencesIn } from './heif-items.ts'
import { primaryProperties } from './heif-properties.ts'

/** Boxes that a still picture needs. `idat` and `mdat` have the data of items. */
const ESSENTIAL = new Set(
  'ftyp meta meta/hdlr meta/pitm meta/iloc meta/iinf meta/iref meta/iprp meta/idat iprp/ipco iprp/ipma mdat rest'.split(
    ' ',
  ),
)
/** What a property says about the pixels. Others can have texts, and `clap` hides pixels that are still there. */
const PROPERTIES = new Set('ispe pixi av1C colr irot imir pasp auxC'.split(' '))
const PADDING = new Set(['free', 'skip'])
const PICTURES = new Set(['av01', 'grid'])
/** A type that no reader looks for. */
const REMOVED = 'free'
const METADATA = new Set(['Exif', 'mime', REMOVED])
/** Of `hdlr` before its name (ISO/IEC 14496-12, 8.4.3). */
const HANDLER_BYTES = 24

/**
 * A still AVIF in which nothing but its primary picture is left: metadata, names and bytes that belong to no item are zeros, and
 * items of metadata have no type. All places stay the same. Nothing for a file with other boxes, properties or pictures, such as a
 * thumbnail, or with a profile.
 */
export function bareAvif(avif: Buffer): Buffer | undefined {
  const copy = Buffer.from(avif)
  const data: { at: number; content: Buffer; isInline: boolean }[] = []
  const properties = primaryProperties()
  let [information, locations, references]: Buffer[] = []
  let isBare = true
  walkAll(copy, readBoxes(), [
    (segment) => {
      const { type, offset, length, payload } = segment
      properties.visit(segment)
      if (length === Number.POSITIVE_INFINITY) isBare = false
      else if (PADDING.has(type)) payload.fill(0)
      else if (type.startsWith('ipco/')) isBare &&= PROPERTIES.has(type.slice(5))
      else if (!ESSENTIAL.has(type) || (type === 'rest' && length > 0)) isBare = false
      if (type === 'ipco/colr' && payload.toString('latin1', 0, 4) !== 'nclx') isBare = false
      if (type === 'meta/iref') references = payload
      if (type === 'meta/hdlr') payload.fill(0, HANDLER_BYTES)
      if (type === 'meta/iinf') information = payload
      if (type === 'meta/iloc') locations = payload
      if (type === 'mdat' || type === 'meta/idat')
        data.push({ at: offset + length - payload.length, content: payload, isInline: type !== 'mdat' })
    },
  ])
  if (!isBare || !information || !locations) return undefined
  try {
    const wanted = partsOf(properties.primary(), references)
    const pictures = blankItems(information, placesIn(locations), wanted)
    if (!pictures) return undefined
    for (const { at, content, isInline } of data) {
      const kept = Buffer.alloc(content.length)
      const extents = pictures
        .filter((place) => place.isInline === isInline)
        .flatMap((place) => place.extents)
      for (const { from, length } of extents) {
        const start = isInline ? from : from - at
        if (start >= 0 && start < content.length) content.copy(kept, start, start, start + length)
      }
      kept.copy(content)
    }
  } catch {
    return undefined // an offset outside its box
  }
  return copy
}

/** A picture, its tiles and its alpha channel, which may have tiles as well. */
function partsOf(picture: number | undefined, iref = Buffer.of()): Set<number | undefined> {
  const parts = new Set([picture])
  const all = [...referencesIn(iref)]
  for (const { type, from, to } of all)
    if (type === 'auxl' && to.every((one) => parts.has(one))) parts.add(from)
  for (const { type, from, to } of all)
    if (type === 'dimg' && parts.has(from)) for (const one of to) parts.add(one)
  return parts
}

/** The places of all pictures. Nothing if there are other items than the wanted pictures and metadata. */
function blankItems(
  iinf: Buffer,
  places: Map<number, Place>,
  wanted: Set<number | undefined>,
): Place[] | undefined {
  const pictures: Place[] = []
  for (const { id, type, rest } of itemsIn(iinf)) {
    const place = places.get(id)
    if (PICTURES.has(type) && wanted.has(id) && place?.extents.every(({ length }) => length > 0))
      pictures.push(place)
    else if (METADATA.has(type)) Buffer.from(rest.buffer, rest.byteOffset - 4, 4).write(REMOVED, 'latin1')
    else return undefined
    rest.fill(0)
  }
  return pictures
}
