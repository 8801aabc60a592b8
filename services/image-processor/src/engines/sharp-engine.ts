import { backgroundOf, type Gravity, qualityOf, type VariantSpec } from '@darkroom/core'
import type { Sharp } from 'sharp'
import { developInCascade } from './cascade.ts'
import { decodeWithSharp, LENIENT, toPixels } from './decode-with-sharp.ts'
import type { ImageEngine, Size } from './image-engine.ts'
import { hasSize, type Pixels } from './pixels.ts'
import { cropOf, placeAt } from './placement.ts'
import { sharp } from './restricted-sharp.ts'
import type { Stages } from './stages.ts'

/** The default engine: libvips through sharp. Converts wide-gamut and CMYK colours to sRGB. */
export const sharpEngine = sharpEngineWith(decodeWithSharp)

/** The same with another way to decode. */
export function sharpEngineWith(decode: Stages['decode']): ImageEngine {
  return {
    name: 'sharp',
    develop: (original, variants) =>
      developInCascade({ decode, shrink, cropSmartly, encode, animate }, original, variants),
  }
}

function shrink(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  return toPixels(fromPixels(pixels).resize({ width, height, fit: 'fill' }))
}

/** libvips' attention: skin, saturation and edges (https://www.libvips.org/API/current/method.Image.smartcrop.html). */
function cropSmartly(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  return toPixels(fromPixels(pixels).resize({ width, height, fit: 'cover', position: 'attention' }))
}

function encode(pixels: Pixels, spec: VariantSpec): Promise<Buffer> {
  return encodeAs(spec, fromPixels(pixels)).toBuffer()
}

/** libvips has the frames one below the other, and scales and crops each. */
function animate(original: Uint8Array, spec: VariantSpec, frame: Size): Promise<Buffer> {
  const moving = sharp(original, { ...LENIENT, animated: true }).resize({ ...frame, fit: 'fill' })
  const size = cropOf(frame, spec)
  if (!hasSize(frame, size)) {
    const { x, y } = placeAt(fixedPosition(spec), frame, size)
    moving.extract({ left: x, top: y, ...size })
  }
  return encodeAs(spec, moving).toBuffer()
}

/** A preset cannot ask for a smart crop of an animation. */
function fixedPosition({ position = 'centre' }: VariantSpec): Gravity {
  return position === 'smart' ? 'centre' : position
}

function encodeAs(spec: VariantSpec, image: Sharp): Sharp {
  const background = backgroundOf(spec)
  return ENCODERS[spec.format](background ? image.flatten({ background }) : image, qualityOf(spec))
}

/**
 * Set for speed by measurement: optimised Huffman tables take as long as the rest of the encoder to save
 * 0.7 to 4 % of the bytes, WebP's effort 4 takes 2.7 times as long as 2 to save 3 to 6 %.
 */
const ENCODERS: Record<VariantSpec['format'], (image: Sharp, quality: number) => Sharp> = {
  jpeg: (image, quality) => image.jpeg({ quality, optimiseCoding: false }),
  webp: (image, quality) => image.webp({ quality, effort: 2 }),
  avif: (image, quality) => image.avif({ quality, effort: 1 }),
  png: (image) => image.png(),
}

function fromPixels({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } })
}
