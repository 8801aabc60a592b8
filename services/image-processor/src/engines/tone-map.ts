import { type Hdr, type RgbSpace, SRGB, spaceOfCodePoints } from '@darkroom/image-file'
import { type Light, matrixBetween, multiplication, toXyz } from './color-matrix.ts'

/** The luminance of white in an HDR picture, as ITU-R BT.2408 has it. */
const WHITE_NITS = 203
const USUAL_PEAK_NITS = 1000
const PQ_NITS = 10_000
const HLG_NITS = 1000
const HLG_SYSTEM_GAMMA = 1.2

/** The space in which the curve is applied. */
const BT2020 = spaceOfCodePoints(9, 16) ?? SRGB

/**
 * From the light of an HDR picture to that of a screen without HDR: the curve "reference white" (SMPTE ST 2094-50, annex C),
 * with which Chromium shows HDR on such a screen. Everything up to white becomes darker, by half in usual pictures, so that
 * what is brighter than white keeps its shades. A pixel's channels have the same factor, by the largest, so its hue stays.
 */
export function toneMapOf(space: RgbSpace, { transfer, peakNits }: Hdr): (light: Light) => void {
  const toScene = transfer === 'HLG' ? systemGamma(space) : scaling(PQ_NITS / WHITE_NITS)
  const toBt2020 = multiplication(matrixBetween(space, BT2020))
  const toneOf = referenceWhiteTone(Math.max(1, (peakNits ?? USUAL_PEAK_NITS) / WHITE_NITS))
  const toDisplay = multiplication(matrixBetween(BT2020, SRGB))
  return (light) => {
    toScene(light)
    toBt2020(light)
    const brightest = Math.max(light[0] ?? 0, light[1] ?? 0, light[2] ?? 0)
    if (brightest > 0) scale(light, toneOf(brightest) / brightest)
    toDisplay(light)
  }
}

function scale(light: Light, factor: number): void {
  for (let c = 0; c < 3; c++) light[c] = (light[c] ?? 0) * factor
}

function scaling(factor: number): (light: Light) => void {
  return (light) => scale(light, factor)
}

/** From the light of a scene to that of a screen of 1000 cd/m² (ITU-R BT.2100, table 5). */
function systemGamma(space: RgbSpace): (light: Light) => void {
  const [, [red, green, blue]] = toXyz(space)
  return (light) => {
    const luminance = red * (light[0] ?? 0) + green * (light[1] ?? 0) + blue * (light[2] ?? 0)
    scale(light, luminance > 0 ? (luminance ** (HLG_SYSTEM_GAMMA - 1) * HLG_NITS) / WHITE_NITS : 0)
  }
}

/** Of the middle point of the curve, between its ends. */
const KAPPA = 0.65

/**
 * A line up to white, then a quadratic Bézier curve to the peak. 1 is white on both sides.
 *
 * @param peak at least 1, at which nothing changes
 */
function referenceWhiteTone(peak: number): (light: number) => number {
  const share = Math.min(1, Math.log2(peak) / Math.log2(USUAL_PEAK_NITS / WHITE_NITS))
  const white = 1 - share / 2
  const x = bezier(1, 1 - KAPPA + KAPPA / white, peak)
  const y = bezier(white, (1 - KAPPA) * white + KAPPA, 1)
  return (light) => {
    if (light <= 1) return white * light
    if (light >= peak) return 1
    const t = (-x.b + Math.sqrt(x.b ** 2 - 4 * x.a * (1 - light))) / (2 * x.a)
    return y.c + t * (y.b + t * y.a)
  }
}

/** As a polynomial of t: `a t² + b t + c`. */
function bezier(start: number, middle: number, end: number) {
  return { a: start - 2 * middle + end, b: 2 * (middle - start), c: start }
}
