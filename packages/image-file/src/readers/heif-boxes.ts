import type { Reader } from '../segments.ts'

/** Boxes at the top level. Anything else after the image data is not part of the image; `ftyp` starts another file. */
const TOP_LEVEL = new Set('meta moov mdat moof mfra free skip uuid sidx styp wide'.split(' '))

/** Boxes that contain boxes, with the number of bytes before the first one (`meta` has a version and flags). */
const CONTAINERS: Record<string, number> = { meta: 4, 'meta/iprp': 0, 'iprp/ipco': 0 }

/** The part of a box inside `meta` that is read: tables of items that are larger are refused, properties are much smaller. */
export const MAX_TABLE_BYTES = 1_000_000

/**
 * AVIF and HEIC (ISO/IEC 14496-12, sections 4.2 and 8.11): boxes of `size type …`. A size of 0 extends to the end, and 1
 * means that 64 bits follow. The image data is in `mdat`, or in an `idat` inside `meta`. The name of a nested box includes
 * its parent: `ipco/ispe`.
 */
export function* readBoxes(): Reader {
  let hasData = false
  for (;;) {
    const ahead = yield 16
    if (ahead.length < 8) return hasData
    const type = ahead.toString('latin1', 4, 8)
    if (hasData && !TOP_LEVEL.has(type)) return true
    const { header, size } = boxHead(ahead, Number.POSITIVE_INFINITY)
    if (size < header) return false
    const hasInlineData = yield* readBox(type, header, size)
    hasData ||= type === 'mdat' || hasInlineData
    if (size === Number.POSITIVE_INFINITY) return hasData
  }
}

function boxHead(box: Buffer, toTheEnd: number): { header: number; size: number } {
  const size = box.readUInt32BE(0)
  if (size === 0) return { header: 8, size: toTheEnd }
  if (size !== 1) return { header: 8, size }
  return { header: 16, size: box.length >= 16 ? Number(box.readBigUInt64BE(8)) : 0 }
}

/** @returns whether it contains image data */
function* readBox(type: string, header: number, size: number): Reader {
  const before = CONTAINERS[type]
  if (before === undefined) {
    yield { type, header, payload: size - header }
    return type === 'meta/idat'
  }
  yield { type, header: header + before, payload: 0 }
  const name = type.slice(-4)
  let left = size - header - before
  let hasData = false
  while (left >= 8) {
    const ahead = yield Math.min(left, 16)
    if (ahead.length < 8) break
    const head = boxHead(ahead, left)
    if (head.size < head.header) break
    const childSize = Math.min(head.size, left)
    yield Math.min(childSize, MAX_TABLE_BYTES)
    const hasInlineData = yield* readBox(`${name}/${ahead.toString('latin1', 4, 8)}`, head.header, childSize)
    hasData ||= hasInlineData
    left -= childSize
  }
  yield { type: 'rest', header: 0, payload: Math.max(0, left) }
  return hasData
}
