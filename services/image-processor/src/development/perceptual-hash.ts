import type { Preview } from '../engines/image-engine.ts'
import { averageDown } from './average-down.ts'

const SIDE = 32
const FREQUENCIES = 8

/**
 * The 64-bit pHash, 16 hex characters: the image is reduced to 32 × 32 greys, and each of the 8 × 8 lowest frequencies
 * of their cosine transform is one bit, set if it is above the median. Resizing, recompressing or brightening an image
 * changes few bits; another photograph differs in about half of them.
 */
export function perceptualHash(preview: Preview): string {
  const frequencies = lowFrequencies(greys(preview))
  const [below = 0, above = 0] = frequencies.toSorted().subarray(31, 33)
  const median = (below + above) / 2
  const bits = Array.from(frequencies, (frequency) => (frequency > median ? '1' : '0')).join('')
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0')
}

/** Luma (ITU-R BT.601), transparent pixels over white. */
function greys(preview: Preview): Float64Array {
  const { rgba } = averageDown(preview, { width: SIDE, height: SIDE })
  return Float64Array.from({ length: SIDE * SIDE }, (_, pixel) => {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(pixel * 4, pixel * 4 + 4)
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return 255 + ((luma - 255) * alpha) / 255
  })
}

/** The two-dimensional DCT-II, first along the rows, then down the columns; unscaled, because only the order matters. */
function lowFrequencies(greys: Float64Array): Float64Array {
  const rows = Float64Array.from({ length: SIDE * FREQUENCIES }, (_, i) => {
    const [y, u] = [Math.floor(i / FREQUENCIES), i % FREQUENCIES]
    return transform(u, (x) => greys[y * SIDE + x])
  })
  return Float64Array.from({ length: FREQUENCIES * FREQUENCIES }, (_, i) => {
    const [v, u] = [Math.floor(i / FREQUENCIES), i % FREQUENCIES]
    return transform(v, (y) => rows[y * FREQUENCIES + u])
  })
}

const COSINES = Float64Array.from({ length: FREQUENCIES * SIDE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIDE) * (2 * (i % SIDE) + 1)) / (2 * SIDE)),
)

function transform(frequency: number, value: (i: number) => number | undefined): number {
  let sum = 0
  for (let i = 0; i < SIDE; i++) sum += (value(i) ?? 0) * (COSINES[frequency * SIDE + i] ?? 0)
  return sum
}
