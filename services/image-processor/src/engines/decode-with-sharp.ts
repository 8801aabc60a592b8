import { IMAGE_TYPES, ImageType, ProblemError } from '@darkroom/core'
import { isSrgbProfile } from '@darkroom/image-file'
import type { Metadata, Sharp, SharpOptions } from 'sharp'
import type { Size } from './image-engine.ts'
import type { Pixels } from './pixels.ts'
import { sharp } from './restricted-sharp.ts'
import type { Decoded } from './stages.ts'

/** One decode, turned upright, brought to the size that `frame` gives, in sRGB. */
export async function decodeWithSharp(
  original: Uint8Array,
  frame: (upright: Size) => Size,
): Promise<Decoded> {
  const header = await readHeader(original)
  refuseTooManyPixels(header)
  const upright = header.autoOrient
  const fitted = frame(upright)
  const pixels = needsConversion(header)
    ? await (canConvertLate(header) ? convertAfterResize : convertBeforeResize)(original, fitted)
    : await toPixels(open(original, { ignoreIcc: true }, fitted))
  return { width: upright.width, height: upright.height, pixels, frames: framesOf(header) }
}

/** `failOn: 'warning'`, the default, refuses files as real cameras write them. */
export const LENIENT: SharpOptions = { failOn: 'error', limitInputPixels: false }

function readHeader(original: Uint8Array): Promise<Metadata> {
  return sharp(original, LENIENT).metadata()
}

/** libvips cannot turn an animation; one with an orientation counts as still. */
function framesOf({ pages = 1, orientation = 1 }: Metadata): number {
  return orientation > 1 ? 1 : pages
}

function refuseTooManyPixels({ mediaType, width, height }: Metadata): void {
  const { name, maxPixels } = IMAGE_TYPES[ImageType.parse(mediaType)]
  if (width * height <= maxPixels) return
  throw new ProblemError(
    'image-too-large',
    `The image is ${width} × ${height} pixels; the limit for ${name} is ${maxPixels / 1e6} megapixels. Resize it and send it again.`,
  )
}

/** An sRGB profile says what is assumed anyway: ignoring it gives the same pixels at a third of the cost. */
function needsConversion({ icc, space }: Metadata): boolean {
  return space === 'cmyk' || (icc !== undefined && !isSrgbProfile(icc))
}

/** Only 8-bit RGB goes through the PNG in `convertAfterResize` unchanged. */
function canConvertLate({ space, depth }: Metadata): boolean {
  return space === 'srgb' && depth === 'uchar'
}

function open(original: Uint8Array, options: SharpOptions, { width, height }: Size): Sharp {
  return sharp(original, { ...LENIENT, ...options })
    .autoOrient()
    .resize({ width, height, fit: 'fill' })
}

/**
 * Colour conversion takes its time by the pixel, so a wide-gamut image is resized in its own colours first.
 * An uncompressed PNG in memory carries the profile from the one step to the other.
 */
async function convertAfterResize(original: Uint8Array, fitted: Size): Promise<Pixels> {
  const small = await open(original, {}, fitted).keepIccProfile().png({ compressionLevel: 0 }).toBuffer()
  return toPixels(sharp(small))
}

/** sharp takes 16-bit colours to Display P3 first; naming the output's profile takes them on to sRGB. */
function convertBeforeResize(original: Uint8Array, fitted: Size): Promise<Pixels> {
  return toPixels(open(original, {}, fitted).withIccProfile('srgb', { attach: false }))
}

/** The output's colourspace is sRGB, so that grey images have three channels as well. */
export async function toPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3, data }
}
