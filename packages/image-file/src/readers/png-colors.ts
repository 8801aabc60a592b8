import { matrixProfile, type RgbSpace } from '../matrix-profile.ts'

/** The chunks of a PNG that declare its colors, as far as it has them. */
export interface ColorChunks {
  cICP?: Buffer
  /** The profile in `iCCP`, decompressed. */
  profile?: Buffer
  sRGB?: Buffer
  gAMA?: Buffer
  cHRM?: Buffer
}

/** An ICC profile, sRGB, or something that engines do not convert. */
export type DeclaredColors = { profile: Buffer } | 'sRGB' | 'other'

/** The first that a PNG has of cICP, iCCP, sRGB, gAMA with cHRM counts (W3C PNG, 4.3 and 13.13). */
export function declaredColors(chunks: ColorChunks): DeclaredColors {
  const { cICP, profile, sRGB, gAMA, cHRM } = chunks
  if (cICP) return fromCodePoints(cICP)
  if (profile) return { profile }
  return sRGB || !gAMA ? 'sRGB' : fromGamma(gAMA, cHRM)
}

const D65 = [0.3127, 0.329] as const
type Primaries = Pick<RgbSpace, 'primaries' | 'white'>
const BT709: Primaries = {
  primaries: [
    [0.64, 0.33],
    [0.3, 0.6],
    [0.15, 0.06],
  ],
  white: D65,
}
const P3: Primaries['primaries'] = [
  [0.68, 0.32],
  [0.265, 0.69],
  [0.15, 0.06],
]

/** ITU-T H.273, tables 2 and 3. */
const PRIMARIES: Record<number, Primaries> = {
  1: BT709,
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
}
const SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045] as const
const BT709_CURVE = [1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081] as const
const CURVES: Record<number, RgbSpace['curve']> = {
  1: BT709_CURVE,
  4: [2.2],
  5: [2.8],
  6: BT709_CURVE,
  8: [1],
  13: SRGB_CURVE,
  14: BT709_CURVE,
  15: BT709_CURVE,
}

/** Numbers of the primaries, the curve, the matrix (0 is RGB), and whether the range is full: one byte each. */
function fromCodePoints(cICP: Buffer): DeclaredColors {
  const [primariesNumber = 0, curveNumber = 0, matrix, isFull] = cICP
  const [primaries, curve] = [PRIMARIES[primariesNumber], CURVES[curveNumber]]
  if (!primaries || !curve || matrix !== 0 || isFull !== 1) return 'other'
  return primaries === BT709 && curve === SRGB_CURVE
    ? 'sRGB'
    : { profile: matrixProfile({ ...primaries, curve }) }
}

/** libpng's: closer gammas look the same. */
const GAMMA_TOLERANCE = 0.05
const CHROMATICITY_TOLERANCE = 0.005

/** `gAMA` has the encoding's exponent, `cHRM` the x and y of white, red, green and blue; all times 100,000. */
function fromGamma(gAMA: Buffer, cHRM: Buffer | undefined): DeclaredColors {
  const gamma = gAMA.length >= 4 ? gAMA.readUInt32BE(0) / 100_000 : 0
  if (gamma === 0) return 'sRGB'
  const isUsual = Math.abs(gamma * 2.2 - 1) < GAMMA_TOLERANCE
  const primaries = cHRM && cHRM.length >= 32 ? primariesIn(cHRM) : BT709
  if (isUsual && isBt709(primaries)) return 'sRGB'
  try {
    return { profile: matrixProfile({ ...primaries, curve: [1 / gamma] }) }
  } catch {
    return 'other'
  }
}

function primariesIn(cHRM: Buffer): Primaries {
  const at = (i: number) =>
    [cHRM.readUInt32BE(8 * i) / 100_000, cHRM.readUInt32BE(8 * i + 4) / 100_000] as const
  return { white: at(0), primaries: [at(1), at(2), at(3)] }
}

function isBt709({ primaries, white }: Primaries): boolean {
  const [actual, expected] = [[...primaries, white].flat(), [...BT709.primaries, BT709.white].flat()]
  return actual.every((value, i) => Math.abs(value - (expected[i] ?? 0)) < CHROMATICITY_TOLERANCE)
}
