import { isSrgb, type RgbSpace, SRGB } from '@darkroom/image-file'
import { type Light, matrixBetween, multiplication } from './color-matrix.ts'
import type { Pixels, Size } from './pixels.ts'
import { toneMapOf } from './tone-map.ts'

/** Raw pixels in their own color space, 8 or 16 bits a channel: RGB, or RGBA with straight alpha. */
interface UnconvertedPixels extends Size {
  channels: 3 | 4
  data: Uint8Array | Uint16Array
}

/** The same pixels, unless their color space is known to be another one. */
export function inSrgb(pixels: Pixels, space: RgbSpace | undefined): Pixels {
  return space && !isSrgb(space) ? toSrgb(pixels, space) : pixels
}

/**
 * Converts pixels to sRGB. Colors outside of it are clipped, as browsers do. HDR is first reduced to the brightness of white.
 */
export function toSrgb({ width, height, channels, data }: UnconvertedPixels, space: RgbSpace): Pixels {
  const most = data instanceof Uint16Array ? 65535 : 255
  const lights = Float32Array.from({ length: most + 1 }, (_, signal) => space.curve(signal / most))
  const toDisplay = space.hdr ? toneMapOf(space, space.hdr) : multiplication(matrixBetween(space, SRGB))
  const light: Light = new Float32Array(3)
  const converted = Buffer.allocUnsafe(width * height * channels)
  for (let at = 0; at < converted.length; at += channels) {
    for (let c = 0; c < 3; c++) light[c] = lights[data[at + c] ?? 0] ?? 0
    toDisplay(light)
    for (let c = 0; c < 3; c++) converted[at + c] = signalOf(light[c] ?? 0)
    if (channels === 4) converted[at + 3] = Math.round(((data[at + 3] ?? 0) * 255) / most)
  }
  return { width, height, channels, data: converted }
}

/** Enough that two neighbours differ by less than a fifth of a signal in the dark. */
const STEPS = 16384
const SIGNALS = Uint8Array.from({ length: STEPS + 1 }, (_, n) => {
  const light = n / STEPS
  return Math.round(255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055))
})

function signalOf(light: number): number {
  if (light >= 1) return 255
  return light > 0 ? (SIGNALS[(light * STEPS + 0.5) | 0] ?? 0) : 0
}
