/** CIE 1931 x and y. */
export type Chromaticity = readonly [x: number, y: number]

/** An RGB color space, as formats declare it in numbers or by a profile with a matrix. */
export interface RgbSpace {
  /** Red, green, blue. */
  primaries: readonly [Chromaticity, Chromaticity, Chromaticity]
  white: Chromaticity
  /**
   * From a signal of 0 to 1 to light. 1 is white; for PQ it is a luminance of 10,000 cd/m², for HLG the most light that the
   * scene has, before the system's gamma (ITU-R BT.2100).
   */
  curve: (signal: number) => number
  hdr?: Hdr
}

/** How a picture with more light than white is coded. */
export interface Hdr {
  transfer: 'PQ' | 'HLG'
  /** Of its brightest pixel, as far as it says so. */
  peakNits?: number | undefined
}

const D65: Chromaticity = [0.3127, 0.329]
const C: Chromaticity = [0.31, 0.316]
const P3: RgbSpace['primaries'] = [
  [0.68, 0.32],
  [0.265, 0.69],
  [0.15, 0.06],
]
const BT601_525: RgbSpace['primaries'] = [
  [0.63, 0.34],
  [0.31, 0.595],
  [0.155, 0.07],
]

type Primaries = Pick<RgbSpace, 'primaries' | 'white'>

/** ITU-T H.273, table 2. */
const PRIMARIES: Record<number, Primaries> = {
  1: {
    primaries: [
      [0.64, 0.33],
      [0.3, 0.6],
      [0.15, 0.06],
    ],
    white: D65,
  },
  4: {
    primaries: [
      [0.67, 0.33],
      [0.21, 0.71],
      [0.14, 0.08],
    ],
    white: C,
  },
  5: {
    primaries: [
      [0.64, 0.33],
      [0.29, 0.6],
      [0.15, 0.06],
    ],
    white: D65,
  },
  6: { primaries: BT601_525, white: D65 },
  7: { primaries: BT601_525, white: D65 },
  8: {
    primaries: [
      [0.681, 0.319],
      [0.243, 0.692],
      [0.145, 0.049],
    ],
    white: C,
  },
  9: {
    primaries: [
      [0.708, 0.292],
      [0.17, 0.797],
      [0.131, 0.046],
    ],
    white: D65,
  },
  11: { primaries: P3, white: [0.314, 0.351] },
  12: { primaries: P3, white: D65 },
  22: {
    primaries: [
      [0.63, 0.34],
      [0.295, 0.605],
      [0.155, 0.077],
    ],
    white: D65,
  },
}

export const gamma = (exponent: number) => (signal: number) => signal ** exponent

const srgb = (signal: number) => (signal <= 0.04045 ? signal / 12.92 : ((signal + 0.055) / 1.055) ** 2.4)
/** Of BT.709 and its successors: how screens show what these code (ITU-R BT.1886), as in Chromium. */
const video = gamma(2.4)

const smpte240 = (signal: number) =>
  signal < 0.0913 ? signal / 4 : ((signal + 0.1115) / 1.1115) ** (1 / 0.45)
const cinema = (signal: number) => (52.37 / 48) * signal ** 2.6

const [M1, M2, C1, C2, C3] = [
  2610 / 16384,
  (2523 / 4096) * 128,
  3424 / 4096,
  (2413 / 4096) * 32,
  (2392 / 4096) * 32,
]

/** SMPTE ST 2084. */
function pq(signal: number): number {
  const power = signal ** (1 / M2)
  return (Math.max(0, power - C1) / (C2 - C3 * power)) ** (1 / M1)
}

/** ARIB STD-B67. */
function hlg(signal: number): number {
  if (signal <= 0.5) return signal ** 2 / 3
  return (Math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
}

/** ITU-T H.273, table 3. */
const TRANSFERS: Record<number, Pick<RgbSpace, 'curve' | 'hdr'>> = {
  1: { curve: video },
  4: { curve: gamma(2.2) },
  5: { curve: gamma(2.8) },
  6: { curve: video },
  7: { curve: smpte240 },
  8: { curve: (signal) => signal },
  13: { curve: srgb },
  11: { curve: video },
  14: { curve: video },
  15: { curve: video },
  16: { curve: pq, hdr: { transfer: 'PQ' } },
  17: { curve: cinema },
  18: { curve: hlg, hdr: { transfer: 'HLG' } },
}

/** The space of code points of ITU-T H.273; undefined if they are unspecified or unknown. */
export function spaceOfCodePoints(
  primaries: number,
  transfer: number,
  peakNits?: number,
): RgbSpace | undefined {
  const [chromaticities, coding] = [PRIMARIES[primaries], TRANSFERS[transfer]]
  if (!chromaticities || !coding) return undefined
  const hdr = coding.hdr && { ...coding.hdr, peakNits }
  return { ...chromaticities, curve: coding.curve, ...(hdr && { hdr }) }
}

export const SRGB = { ...PRIMARIES[1], curve: srgb } as RgbSpace

const CHROMATICITY_TOLERANCE = 0.005

/** Whether the pixels need no conversion. */
export function isSrgb(space: RgbSpace): boolean {
  return space.curve === srgb && hasSrgbPrimaries(space)
}

export function hasSrgbPrimaries({ primaries, white }: Primaries): boolean {
  const [actual, expected] = [[...primaries, white].flat(), [...SRGB.primaries, SRGB.white].flat()]
  return actual.every((value, i) => Math.abs(value - (expected[i] ?? 0)) < CHROMATICITY_TOLERANCE)
}

/** Whether the primaries are the corners of a triangle, and each has light. */
export function spansColors({ primaries, white }: Primaries): boolean {
  const [[rx, ry], [gx, gy], [bx, by]] = primaries
  const area = (rx - bx) * (gy - by) - (gx - bx) * (ry - by)
  return Math.abs(area) > 1e-3 && [ry, gy, by, white[1]].every((y) => y > 0)
}
