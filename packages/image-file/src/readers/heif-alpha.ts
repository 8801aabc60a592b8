import { type Segment, walkAll } from '../segments.ts'
import { readBoxes } from './heif-boxes.ts'
import { referencesIn } from './heif-items.ts'
import { primaryProperties, withAssociations } from './heif-properties.ts'

const TRANSFORMS = new Set(['ipco/irot', 'ipco/imir', 'ipco/clap'])

/**
 * Gives alpha channels without a rotation, mirror or crop those of their pictures. Browsers apply them to both, as most programs
 * write them for the picture alone; libheif would stretch the stored alpha channel over the turned picture. Returns other files
 * unchanged.
 *
 * Offsets in `iloc` count from the start of the file, so the new `meta` box is added at its end, and the old one is left out as
 * free space.
 */
export function withTurnedAlpha(avif: Uint8Array): Uint8Array {
  const bytes = Buffer.from(avif.buffer, avif.byteOffset, avif.length)
  const properties = primaryProperties()
  const transforms = new Set<number>()
  const boxes = new Map<string, Segment>()
  const { end } = walkAll(bytes, readBoxes(), [
    (segment) => {
      properties.visit(segment)
      boxes.set(segment.type, segment)
      if (TRANSFORMS.has(segment.type)) transforms.add(properties.last())
    },
  ])
  const [meta, iprp, ipma] = ['meta', 'meta/iprp', 'iprp/ipma'].map((type) => boxes.get(type))
  const references = boxes.get('meta/iref')?.payload
  if (transforms.size === 0 || !references || !meta || !iprp || !ipma) return avif
  const transformsOf = (item: number) => [...properties.of(item)].filter((one) => transforms.has(one))
  const missing = new Map<number, number[]>()
  for (const { type, from, to } of referencesIn(references)) {
    const [picture] = to
    if (type === 'auxl' && picture !== undefined && transformsOf(from).length === 0)
      missing.set(from, transformsOf(picture))
  }
  const associations = withAssociations(ipma.payload, missing)
  const growth = associations.length - ipma.payload.length
  // A size of 0 or 1 has another meaning; the last one could not be followed by another box.
  const isPlain = [meta, iprp, ipma].every(({ offset }) => bytes.readUInt32BE(offset) > 1)
  if (growth === 0 || !isPlain || boxes.get('mdat')?.length === Number.POSITIVE_INFINITY) return avif
  const kept = Buffer.from(bytes.subarray(0, end))
  for (const { offset } of [meta, iprp, ipma]) kept.writeUInt32BE(kept.readUInt32BE(offset) + growth, offset)
  const ipmaEnd = ipma.offset + ipma.length
  const metaEnd = meta.offset + bytes.readUInt32BE(meta.offset)
  const changed = Buffer.concat([
    kept.subarray(meta.offset, ipmaEnd - ipma.payload.length),
    associations,
    kept.subarray(ipmaEnd, metaEnd),
  ])
  kept.writeUInt32BE(bytes.readUInt32BE(meta.offset), meta.offset)
  kept.write('free', meta.offset + 4, 'latin1')
  return Buffer.concat([kept, changed])
}
