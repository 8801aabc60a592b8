import type { Pixels } from '../engines/pixels.ts'
import { averageDown } from './average-down.ts'

const SIDE = 32
/** A picture of 8 × 8 frequencies needs 9 for its 64 bits; that of a page starts at the fourth. */
const PAGE_SHIFT = 4
const FREQUENCIES = 9 + PAGE_SHIFT

/**
 * A 64-bit hash, 16 hex characters, of which similar pictures differ in few bits (decision 38): the picture is reduced to
 * 32 × 32 greys, darkened towards its edges, and each of the lowest frequencies of its cosine transform is one bit, its sign.
 * Resizing, compressing, brightening, cropping by 5 %, rotating by 2° or mirroring a picture changes few of them. Most text
 * pages have the same lowest frequencies, so higher ones are used for these, which only copies have in common.
 */
export function perceptualHash(preview: Pixels): string {
  const levels = greys(preview)
  const amplitudes = transform(withoutEdges(levels))
  const shift = isPage(levels) ? PAGE_SHIFT : 0
  const sign = isFacingLeft(amplitudes) ? -1 : 1
  const bits = PLACES.map(([u, v]) => {
    const amplitude = at(amplitudes, u + shift, v + shift)
    // Mirroring changes the sign of odd frequencies.
    return ((u + shift) % 2 === 0 ? amplitude : amplitude * sign) > FLAT ? '1' : '0'
  })
  return BigInt(`0b${bits.join('')}`)
    .toString(16)
    .padStart(16, '0')
}

/** Rounding errors of a flat picture are below it. */
const FLAT = 1e-6

type Place = readonly [u: number, v: number]

/** From low to high frequencies, without the mean. Search depends on this order: bits that change easily are neighbours. */
const PLACES = Array.from({ length: 81 }, (_, i): Place => [i % 9, Math.floor(i / 9)])
  .slice(1)
  .toSorted((one, other) => Math.max(...one) - Math.max(...other))
  .slice(0, 64)

/** Luma (ITU-R BT.601), transparent pixels over white. */
function greys(preview: Pixels): Float64Array {
  const { data } = averageDown(preview, { width: SIDE, height: SIDE })
  const levels = new Float64Array(SIDE * SIDE)
  for (let pixel = 0, i = 0; pixel < levels.length; pixel++, i += 4) {
    const luma = 0.299 * (data[i] ?? 0) + 0.587 * (data[i + 1] ?? 0) + 0.114 * (data[i + 2] ?? 0)
    levels[pixel] = 255 + ((luma - 255) * (data[i + 3] ?? 0)) / 255
  }
  return levels
}

/** Mostly white and nowhere dark over a larger area, as text is. */
function isPage(levels: Float64Array): boolean {
  let sum = 0
  let white = 0
  for (const level of levels) {
    sum += level
    if (level > 200) white++
  }
  const mean = sum / levels.length
  let squares = 0
  for (const level of levels) squares += (level - mean) ** 2
  return white > 0.6 * levels.length && squares / levels.length < 40 ** 2
}

/** A Hann window whose edges keep a little: what a crop or a rotation adds or cuts off is at the edges. */
const EDGE = 0.15
const WINDOW = Float64Array.from(
  { length: SIDE },
  (_, i) => EDGE + ((1 - EDGE) / 2) * (1 - Math.cos((2 * Math.PI * (i + 0.5)) / SIDE)),
)

const WEIGHTS = Float64Array.from(
  { length: SIDE * SIDE },
  (_, i) => (WINDOW[i % SIDE] ?? 0) * (WINDOW[Math.floor(i / SIDE)] ?? 0),
)
const SUM_OF_WEIGHTS = WEIGHTS.reduce((sum, weight) => sum + weight, 0)

/** The distance to the weighted mean, so that a flat picture stays flat. */
function withoutEdges(levels: Float64Array): Float64Array {
  let sum = 0
  for (let i = 0; i < levels.length; i++) sum += (levels[i] ?? 0) * (WEIGHTS[i] ?? 0)
  const mean = sum / SUM_OF_WEIGHTS
  return levels.map((level, i) => (level - mean) * (WEIGHTS[i] ?? 0))
}

const COSINES = Float64Array.from({ length: FREQUENCIES * SIDE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIDE) * (2 * (i % SIDE) + 1)) / (2 * SIDE)),
)

/** The two-dimensional DCT-II, first along the rows, then down the columns; unscaled, because only signs matter. */
function transform(levels: Float64Array): Float64Array {
  return transformRows(transformRows(levels))
}

/** The frequencies of each row, as columns: twice, it is the transform of both. */
function transformRows(rows: Float64Array): Float64Array {
  const count = rows.length / SIDE
  const amplitudes = new Float64Array(FREQUENCIES * count)
  for (let row = 0; row < count; row++) {
    for (let frequency = 0; frequency < FREQUENCIES; frequency++) {
      amplitudes[frequency * count + row] = amplitude(rows, row * SIDE, frequency)
    }
  }
  return amplitudes
}

function amplitude(values: Float64Array, from: number, frequency: number): number {
  let sum = 0
  for (let i = 0; i < SIDE; i++) sum += (values[from + i] ?? 0) * (COSINES[frequency * SIDE + i] ?? 0)
  return sum
}

function at(amplitudes: Float64Array, u: number, v: number): number {
  return amplitudes[v * FREQUENCIES + u] ?? 0
}

/** Frequencies that tell left from right, the most stable ones. */
const ODD: Place[] = [
  [1, 0],
  [3, 0],
  [1, 1],
  [1, 2],
  [3, 1],
  [3, 2],
  [1, 3],
]

/** A picture and its mirror image are brought into the same direction, by the largest of these. */
function isFacingLeft(amplitudes: Float64Array): boolean {
  const largest = ODD.map(([u, v]) => at(amplitudes, u, v)).reduce((a, b) =>
    Math.abs(b) > Math.abs(a) ? b : a,
  )
  return largest < 0
}
