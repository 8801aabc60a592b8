import { type ImageType, ProblemError, type VariantSpec } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-header'
import { Jimp } from 'jimp'
import type { ImageEngine, Size } from '../image-engine.ts'
import { readExif } from '../read-exif.ts'
import { type Decoded, developInCascade } from './cascade.ts'
import type { Pixels } from './pixels.ts'
import { turnUpright } from './turn-upright.ts'
import { encodeWebpInWasm, wasmDecoders } from './wasm-codecs.ts'

/**
 * The engine without a native module: jimp for JPEG, PNG and GIF, WebAssembly for WebP and AVIF. It takes
 * many times the processor time and memory of sharp, and it reads no ICC profiles: wide-gamut and CMYK
 * images come out in wrong colours. An AVIF's own rotation (`irot`, `imir`) is not applied.
 */
export const jimpEngine: ImageEngine = {
  name: 'jimp',
  develop: (original, variants) => developInCascade({ decode, shrink, encode }, original, variants),
}

/** jimp takes about 50 bytes a pixel while it decodes: 2 GB for this many. */
const MAX_PIXELS = 40_000_000

async function decode(original: Uint8Array): Promise<Decoded> {
  const { contentType, width, height } = await inspectImage(original)
  refuseTooManyPixels({ width, height })
  const pixels = await DECODERS[contentType](original)
  return { width: pixels.width, height: pixels.height, pixels }
}

function refuseTooManyPixels({ width, height }: Size): void {
  if (width * height <= MAX_PIXELS) return
  throw new ProblemError(
    'image-too-large',
    `The image has ${width} × ${height} pixels; at most ${MAX_PIXELS / 1e6} megapixels can be processed here.`,
  )
}

const DECODERS: Record<ImageType, (original: Uint8Array) => Promise<Pixels>> = {
  'image/jpeg': decodeWithJimp,
  'image/png': async (original) => upright(original, await decodeWithJimp(original)),
  'image/webp': async (original) => upright(original, await wasmDecoders['image/webp'](original)),
  'image/gif': decodeWithJimp,
  'image/avif': wasmDecoders['image/avif'],
}

/** Turns a JPEG upright by itself. `maxMemoryUsageInMB` is out of the way because pixels were counted. */
async function decodeWithJimp(original: Uint8Array): Promise<Pixels> {
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.length)
  const { bitmap } = await Jimp.fromBuffer(bytes, {
    'image/jpeg': { tolerantDecoding: false, maxMemoryUsageInMB: 4096 },
  })
  return { ...bitmap, channels: 4 }
}

function upright(original: Uint8Array, stored: Pixels): Pixels {
  return turnUpright(stored, readExif(original).orientation ?? 1)
}

async function shrink(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  const { bitmap } = new Jimp(pixels).resize({ w: width, h: height })
  return { ...bitmap, channels: 4 }
}

async function encode(pixels: Pixels, { format, quality }: VariantSpec): Promise<Buffer> {
  return ENCODERS[format](pixels, quality)
}

const WHITE = 0xffffffff

const ENCODERS: Record<VariantSpec['format'], (pixels: Pixels, quality: number) => Promise<Buffer>> = {
  jpeg: (pixels, quality) => {
    const image = new Jimp(pixels)
    image.background = WHITE
    return image.getBuffer('image/jpeg', { quality })
  },
  webp: encodeWebpInWasm,
}
