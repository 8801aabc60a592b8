import {
  backgroundOf,
  type ImageType,
  type OutputFormat,
  ProblemError,
  qualityOf,
  type VariantSpec,
} from '@darkroom/core'
import {
  type FileTraits,
  inspectImage,
  isSoundProfile,
  spaceOfProfile,
  stillAvif,
  stillPng,
  withoutStrayBytes,
  withSpecifiedColors,
} from '@darkroom/image-file'
import { Jimp } from 'jimp'
import { readExif } from '../development/read-exif.ts'
import { soundPictures } from '../isolation/sound-pictures.ts'
import { type Decoded, developInCascade, type Encoded, type Stages } from './cascade.ts'
import type { PictureKind } from './graphics.ts'
import type { ImageEngine } from './image-engine.ts'
import { autoOrient, flatten, type Pixels, type Size } from './pixels.ts'
import { inSrgb } from './to-srgb.ts'
import {
  decodeJpeg,
  encodeLosslessWebpInWasm,
  encodeWebpInWasm,
  endsBeforeItsData,
  wasmDecoders,
} from './wasm-codecs.ts'

/**
 * The engine without a native module: jimp, and WebAssembly to read JPEG and for WebP and AVIF. It takes
 * many times the processor time and memory of sharp, and of ICC profiles it reads only those with a matrix: CMYK images
 * come out with wrong colors.
 */
export const jimpEngine = jimpEngineWith((original, _, traits) => decodeWithJimp(original, traits))

/** The same with another way to decode. */
export function jimpEngineWith(decode: Stages['decode']): ImageEngine {
  const develop: ImageEngine['develop'] = (original, variants, traits) =>
    developInCascade({ decode, shrink, encode }, original, variants, traits)
  return { name: 'jimp', develop, warmUp: () => developSoundPictures(develop) }
}

/** jimp and the codecs import parts of themselves for the first picture of each type, which takes 0.3 s for all of them. */
async function developSoundPictures(develop: ImageEngine['develop']): Promise<void> {
  const formats = ['jpeg', 'png', 'webp'] as const
  const variants = formats.map((format) => ({ name: format, size: 8, format }))
  for (const picture of soundPictures()) await develop(picture, variants)
}

/** jimp takes about 50 bytes a pixel while it decodes: 2 GB for this many. */
const MAX_PIXELS = 40_000_000

/** One decode, upright, in sRGB as far as `toDecoded` converts it. */
export async function decodeWithJimp(original: Uint8Array, traits: FileTraits): Promise<Decoded> {
  const { contentType, width, height } = await inspectImage(original)
  refuseTooManyPixels({ width, height })
  const decoder = DECODERS[contentType]
  if (!decoder) throw new Error(`the jimp engine reads no ${contentType}`)
  const { pixels, isTurned = false, isDamaged } = await decoder(original, traits)
  const { warnings = [], ...decoded } = toDecoded(pixels, traits)
  return { ...decoded, isTurned, warnings: isDamaged ? [...warnings, 'damaged-data'] : warnings }
}

/** Converts colors that are declared in numbers or by a matrix, and warns about others that are not sRGB. */
export function toDecoded(pixels: Pixels, { isCmyk, profile, space }: FileTraits): Decoded {
  const sound = profile && isSoundProfile(profile) ? profile : undefined
  const found = space ?? (sound && spaceOfProfile(sound))
  const isOther = isCmyk === true || (sound !== undefined && found === undefined)
  const { width, height } = pixels
  return {
    width,
    height,
    pixels: isCmyk ? pixels : inSrgb(pixels, found),
    warnings: isOther ? ['colors-not-converted'] : [],
  }
}

function refuseTooManyPixels({ width, height }: Size): void {
  if (width * height <= MAX_PIXELS) return
  throw new ProblemError(
    'image-too-large',
    `The image is ${width} × ${height} pixels; the limit here is ${MAX_PIXELS / 1e6} megapixels. Resize it and send it again.`,
  )
}

interface Read {
  pixels: Pixels
  isTurned?: boolean
  /** Of what the decoder went on to decode. */
  isDamaged?: boolean
}

type Decoder = (original: Uint8Array, traits: FileTraits) => Promise<Read>

const DECODERS: Partial<Record<ImageType, Decoder>> = {
  'image/jpeg': readJpeg,
  'image/png': async (original, traits) => upright(original, traits, await readWithJimp(stillPng(original))),
  'image/webp': async (original, traits) => ({
    ...upright(original, traits, await wasmDecoders['image/webp'](original)),
    isDamaged: await endsBeforeItsData(original),
  }),
  'image/gif': async (original, { hasDamagedData }) => {
    // omggif, jimp's decoder, never returns from some damaged LZW data.
    if (hasDamagedData) throw new Error('the LZW data is damaged')
    return { pixels: await readWithJimp(original) }
  },
  'image/avif': async (original, { ownOrientation = 1 }) => ({
    pixels: autoOrient(
      await wasmDecoders['image/avif'](withSpecifiedColors(stillAvif(original))),
      ownOrientation,
    ),
  }),
}

/** jimp's decoder, which shows much damage without a word, is only for CMYK (decision 52). It rotates by itself. */
async function readJpeg(original: Uint8Array, traits: FileTraits): Promise<Read> {
  if (traits.isCmyk) return { pixels: await readWithJimp(withoutStrayBytes(original)) }
  const { pixels, isDamaged } = await decodeJpeg(original)
  return { ...upright(original, traits, pixels), isDamaged }
}

/** `maxMemoryUsageInMB` is high because pixels were counted before. */
async function readWithJimp(original: Uint8Array): Promise<Pixels> {
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.length)
  const { bitmap } = await Jimp.fromBuffer(bytes, {
    'image/jpeg': { tolerantDecoding: false, maxMemoryUsageInMB: 4096 },
  })
  return { ...bitmap, channels: 4 }
}

function upright(original: Uint8Array, traits: FileTraits, stored: Pixels): Read {
  const { orientation = 1 } = readExif(original, traits)
  return { pixels: autoOrient(stored, orientation), isTurned: orientation > 1 }
}

async function shrink(pixels: Pixels, { width, height }: Size): Promise<Pixels> {
  const { bitmap } = new Jimp({ ...pixels }).resize({ w: width, h: height }) // it changes what it is given
  return { ...bitmap, channels: 4 }
}

async function encode(pixels: Pixels, spec: VariantSpec, kind: PictureKind): Promise<Encoded> {
  const encoder = ENCODERS[spec.format]
  if (!encoder)
    throw new Error(`the jimp engine writes no ${spec.format}; \`unsupportedBy\` should have refused it`)
  const background = backgroundOf(spec)
  const flat = background ? flatten(pixels, background) : pixels
  const lossy = { format: spec.format, data: await encoder(flat, qualityOf(spec)) }
  const lossless = kind === 'flat' ? LOSSLESS[spec.format] : undefined
  if (!lossless) return lossy
  const data = await lossless.save(flat)
  return data.length <= lossy.data.length ? { format: lossless.format, data } : lossy
}

/** Without filters, which only help photographs, and without alpha. */
const OPAQUE_DRAWING = { deflateLevel: 9, deflateStrategy: 0, filterType: 0, colorType: 2 } as const

/** A lossless file for what has few colors. jimp's JPEGs have colors at full resolution anyway. */
const LOSSLESS: Partial<
  Record<OutputFormat, { format: OutputFormat; save: (pixels: Pixels) => Promise<Buffer> }>
> = {
  jpeg: { format: 'png', save: (pixels) => new Jimp(pixels).getBuffer('image/png', OPAQUE_DRAWING) },
  webp: { format: 'webp', save: encodeLosslessWebpInWasm },
}

const ENCODERS: Partial<Record<VariantSpec['format'], (pixels: Pixels, quality: number) => Promise<Buffer>>> =
  {
    jpeg: (pixels, quality) => new Jimp(pixels).getBuffer('image/jpeg', { quality }),
    png: (pixels) => new Jimp(pixels).getBuffer('image/png'),
    webp: encodeWebpInWasm,
  }
