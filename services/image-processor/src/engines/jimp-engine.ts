import {
  backgroundOf,
  type ImageType,
  ProblemError,
  qualityOf,
  type VariantSpec,
  type Warning,
} from '@darkroom/core'
import {
  inspectImage,
  isSrgbProfile,
  readTraits,
  stillAvif,
  stillPng,
  withoutStrayBytes,
} from '@darkroom/image-file'
import { Jimp } from 'jimp'
import { readExif } from '../development/read-exif.ts'
import { type Decoded, developInCascade, type Stages } from './cascade.ts'
import type { ImageEngine, Size } from './image-engine.ts'
import { autoOrient, flatten, type Pixels } from './pixels.ts'
import { encodeWebpInWasm, wasmDecoders } from './wasm-codecs.ts'

/**
 * The engine without a native module: jimp for JPEG, PNG and GIF, WebAssembly for WebP and AVIF. It takes
 * many times the processor time and memory of sharp, and it reads no ICC profiles: wide-gamut and CMYK
 * images come out with wrong colors. An AVIF's own rotation (`irot`, `imir`) is not applied.
 */
export const jimpEngine = jimpEngineWith(decodeWithJimp)

/** The same with another way to decode. */
export function jimpEngineWith(decode: Stages['decode']): ImageEngine {
  return {
    name: 'jimp',
    develop: (original, variants) => developInCascade({ decode, shrink, encode }, original, variants),
  }
}

/** jimp takes about 50 bytes a pixel while it decodes: 2 GB for this many. */
const MAX_PIXELS = 40_000_000

/** One decode, upright, in its own color space. */
export async function decodeWithJimp(original: Uint8Array): Promise<Decoded> {
  const { contentType, width, height } = await inspectImage(original)
  refuseTooManyPixels({ width, height })
  const decoder = DECODERS[contentType]
  if (!decoder) throw new Error(`the jimp engine reads no ${contentType}`)
  return withoutColorConversion(original, await decoder(original))
}

/** Warns if its colors are not sRGB. */
export function withoutColorConversion(original: Uint8Array, pixels: Pixels): Decoded {
  const warnings: Warning[] = needsColorConversion(original) ? ['colors-not-converted'] : []
  return { width: pixels.width, height: pixels.height, pixels, warnings }
}

function needsColorConversion(original: Uint8Array): boolean {
  const { isCmyk, profile } = readTraits(original)
  return isCmyk === true || (profile !== undefined && !isSrgbProfile(profile))
}

function refuseTooManyPixels({ width, height }: Size): void {
  if (width * height <= MAX_PIXELS) return
  throw new ProblemError(
    'image-too-large',
    `The image is ${width} × ${height} pixels; the limit here is ${MAX_PIXELS / 1e6} megapixels. Resize it and send it again.`,
  )
}

const DECODERS: Partial<Record<ImageType, (original: Uint8Array) => Promise<Pixels>>> = {
  'image/jpeg': (original) => readWithJimp(withoutStrayBytes(original)),
  'image/png': async (original) => upright(original, await readWithJimp(stillPng(original))),
  'image/webp': async (original) => upright(original, await wasmDecoders['image/webp'](original)),
  'image/gif': readWithJimp,
  'image/avif': (original) => wasmDecoders['image/avif'](stillAvif(original)),
}

/** Rotates a JPEG by itself. `maxMemoryUsageInMB` is high because pixels were counted before. */
async function readWithJimp(original: Uint8Array): Promise<Pixels> {
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.length)
  const { bitmap } = await Jimp.fromBuffer(bytes, {
    'image/jpeg': { tolerantDecoding: false, maxMemoryUsageInMB: 4096 },
  })
  return { ...bitmap, channels: 4 }
}

function upright(original: Uint8Array, stored: Pixels): Pixels {
  return autoOrient(stored, readExif(original).orientation ?? 1)
}

async function shrink(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  const { bitmap } = new Jimp({ ...pixels }).resize({ w: width, h: height }) // it changes what it is given
  return { ...bitmap, channels: 4 }
}

async function encode(pixels: Pixels, spec: VariantSpec): Promise<Buffer> {
  const encoder = ENCODERS[spec.format]
  if (!encoder)
    throw new Error(`the jimp engine writes no ${spec.format}; \`unsupportedBy\` should have refused it`)
  const background = backgroundOf(spec)
  return encoder(background ? flatten(pixels, background) : pixels, qualityOf(spec))
}

const ENCODERS: Partial<Record<VariantSpec['format'], (pixels: Pixels, quality: number) => Promise<Buffer>>> =
  {
    jpeg: (pixels, quality) => new Jimp(pixels).getBuffer('image/jpeg', { quality }),
    png: (pixels) => new Jimp(pixels).getBuffer('image/png'),
    webp: encodeWebpInWasm,
  }
