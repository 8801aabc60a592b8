import { isSoundProfile } from '../icc-profile.ts'
import { gamma, hasSrgbPrimaries, type RgbSpace, SRGB, spaceOfCodePoints, spansColors } from '../rgb-space.ts'
import type { Traits } from '../segments.ts'

/** The chunks of a PNG that declare its colors, as far as it has them. */
export interface ColorChunks {
  cICP?: Buffer
  /** The profile in `iCCP`, decompressed. */
  profile?: Buffer
  sRGB?: Buffer
  gAMA?: Buffer
  cHRM?: Buffer
  cLLI?: Buffer
  mDCV?: Buffer
}

export const COLOR_CHUNKS = ['cICP', 'sRGB', 'gAMA', 'cHRM', 'cLLI', 'mDCV'] as const

/** The first sound one that a PNG has of cICP, iCCP, sRGB, gAMA with cHRM counts (W3C PNG, 4.3 and 13.13). */
export function declaredColors(chunks: ColorChunks): Pick<Traits, 'space' | 'profile' | 'hasUnknownColors'> {
  const { cICP, profile, sRGB, gAMA, cHRM } = chunks
  if (cICP) return fromCodePoints(cICP, peakIn(chunks))
  if (profile && isSoundProfile(profile)) return { profile }
  return { ...(profile && { profile }), ...(sRGB || !gAMA ? {} : fromGamma(gAMA, cHRM)) }
}

/** Numbers of the primaries, the curve, the matrix (0 is RGB), and whether the range is full: one byte each. */
function fromCodePoints(cICP: Buffer, peakNits: number | undefined) {
  const [primaries = 0, transfer = 0, matrix, isFull] = cICP
  const space = spaceOfCodePoints(primaries, transfer, peakNits)
  return space && matrix === 0 && isFull === 1 ? { space } : { hasUnknownColors: true }
}

/**
 * `cLLI` has the largest luminance and that of the brightest frame, `mDCV` primaries and white (16 bytes), then the largest
 * luminance of the screen on which the picture was made: times 10,000, 4 bytes each (W3C PNG, 11.3.2.7 and 11.3.2.8).
 */
function peakIn({ cLLI, mDCV }: ColorChunks): number | undefined {
  const content = cLLI && cLLI.length >= 8 ? cLLI.readUInt32BE(0) : 0
  const screen = mDCV && mDCV.length >= 24 ? mDCV.readUInt32BE(16) : 0
  return content || screen ? (content || screen) / 10_000 : undefined
}

/** libpng's: closer gammas look the same. */
const GAMMA_TOLERANCE = 0.05

/** `gAMA` has the encoding's exponent, `cHRM` the x and y of white, red, green and blue; all times 100,000. */
function fromGamma(gAMA: Buffer, cHRM: Buffer | undefined) {
  const encoded = gAMA.length >= 4 ? gAMA.readUInt32BE(0) / 100_000 : 0
  if (encoded === 0) return {}
  const primaries = cHRM && cHRM.length >= 32 ? primariesIn(cHRM) : SRGB
  if (Math.abs(encoded * 2.2 - 1) < GAMMA_TOLERANCE && hasSrgbPrimaries(primaries)) return {}
  const space = { ...primaries, curve: gamma(1 / encoded) }
  return spansColors(space) ? { space } : { hasUnknownColors: true }
}

function primariesIn(cHRM: Buffer): Pick<RgbSpace, 'primaries' | 'white'> {
  const at = (i: number) =>
    [cHRM.readUInt32BE(8 * i) / 100_000, cHRM.readUInt32BE(8 * i + 4) / 100_000] as const
  return { white: at(0), primaries: [at(1), at(2), at(3)] }
}
