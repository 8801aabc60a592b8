import type { Pixels } from './pixels.ts'

/**
 * What kind of picture it is. `flat` has few colors, so a lossless file of it can be the smallest; `drawn` has areas of one
 * color and hard edges too, but more colors, for example a screenshot that was saved as JPEG.
 */
export type PictureKind = 'photograph' | 'drawn' | 'flat'

const SAMPLED_ROWS = 64
/** A sum over three channels, 0 to 765. */
const HARD_EDGE = 96
/** Measured: photographs have 0.22 at most, but 0.75 where they show a night sky or a white background. */
const MIN_EQUAL_SHARE = 0.5
/** Of the neighbours that differ. In night skies and before white backgrounds hardly any differ that much. */
const MIN_HARD_SHARE = 0.1
const NEARLY_PLAIN_SHARE = 0.97
/** In the sampled rows, of up to 130,000 pixels. */
const MAX_FLAT_COLORS = 4096

/** Compares neighbours in 64 rows. Most photographs show in half of them that too few are equal. */
export function kindOf(pixels: Pixels): PictureKind {
  const compared = Math.min(pixels.height, SAMPLED_ROWS) * (pixels.width - 1)
  const mostDiffering = (1 - MIN_EQUAL_SHARE) * compared
  const differing = countDiffering(pixels, mostDiffering)
  if (compared === 0 || differing > mostDiffering) return 'photograph'
  const isNearlyPlain = compared - differing > NEARLY_PLAIN_SHARE * compared
  if (!isNearlyPlain && countHardEdges(pixels) < MIN_HARD_SHARE * differing) return 'photograph'
  return countColors(pixels) <= MAX_FLAT_COLORS ? 'flat' : 'drawn'
}

/** Stops after the row with which it exceeds `limit`. */
function countDiffering(pixels: Pixels, limit: number): number {
  let differing = 0
  for (const row of sampledRows(pixels)) {
    differing += countDifferingInRow(pixels, row)
    if (differing > limit) break
  }
  return differing
}

/** A function of its own, because V8 compiles what is called often. */
function countDifferingInRow({ data, channels, width }: Pixels, row: number): number {
  let differing = 0
  const last = (row + width - 1) * channels
  for (let at = row * channels; at < last; at += channels) {
    if (
      data[at] !== data[at + channels] ||
      data[at + 1] !== data[at + channels + 1] ||
      data[at + 2] !== data[at + channels + 2]
    )
      differing++
  }
  return differing
}

function countHardEdges({ data, channels, ...pixels }: Pixels): number {
  let hard = 0
  for (const row of sampledRows(pixels)) {
    const last = (row + pixels.width - 1) * channels
    for (let at = row * channels; at < last; at += channels) {
      const difference =
        Math.abs((data[at] ?? 0) - (data[at + channels] ?? 0)) +
        Math.abs((data[at + 1] ?? 0) - (data[at + channels + 1] ?? 0)) +
        Math.abs((data[at + 2] ?? 0) - (data[at + channels + 2] ?? 0))
      if (difference > HARD_EDGE) hard++
    }
  }
  return hard
}

function countColors({ data, channels, ...pixels }: Pixels): number {
  const colors = new Set<number>()
  for (const row of sampledRows(pixels)) {
    for (let at = row * channels; at < (row + pixels.width) * channels; at += channels)
      colors.add(data.readUIntBE(at, 3))
    if (colors.size > MAX_FLAT_COLORS) break
  }
  return colors.size
}

/** The number of the first pixel in each sampled row. */
function* sampledRows({ width, height }: { width: number; height: number }): Generator<number> {
  const rows = Math.min(height, SAMPLED_ROWS)
  for (let i = 0; i < rows; i++) yield Math.floor(((i + 0.5) * height) / rows) * width
}
