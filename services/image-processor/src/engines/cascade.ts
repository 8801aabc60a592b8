import {
  backgroundOf,
  type CropPosition,
  OUTPUT_FORMATS,
  type OutputFormat,
  ProblemError,
  qualityOf,
  type VariantSpec,
  type Warning,
} from '@darkroom/core'
import {
  type FileTraits,
  readTraits,
  typeOf,
  withoutMetadata,
  withoutTransparency,
} from '@darkroom/image-file'
import { kindOf, type PictureKind } from './graphics.ts'
import { type DevelopedVariant, type Development, SHOWN_WITH, type VariantRequest } from './image-engine.ts'
import { composite, crop, hasSize, isOpaque, type Pixels, type Size } from './pixels.ts'
import { cropOf, fitInside, frameOf, placeAt } from './placement.ts'

/** The stages in which engines differ. */
export interface Stages {
  /** Decodes upright and in sRGB; may bring the pixels to the size that `frame` gives for the upright original. */
  decode(original: Uint8Array, frame: (upright: Size) => Size, traits: FileTraits): Promise<Decoded>
  shrink(pixels: Pixels, to: Size): Promise<Pixels>
  /** Crops to the part that draws the eye. */
  cropSmartly?(pixels: Pixels, to: Size): Promise<Pixels>
  /**
   * @param kind how to save what a photograph does not need: hard edges and flat areas
   * @param thoroughly for fewer bytes, at several times the cost
   */
  encode(pixels: Pixels, spec: VariantSpec, kind: PictureKind, thoroughly?: boolean): Promise<Encoded>
  /** All frames of an animation, each resized to `frame` and cropped. */
  animate?(original: Uint8Array, spec: VariantSpec, frame: Size): Promise<Buffer>
}

export interface Encoded {
  format: OutputFormat
  data: Buffer
}

/** The size is that of the upright original, whatever the size of the pixels. */
export interface Decoded extends Size {
  pixels: Pixels
  /** How many frames `animate` finds; 1 if not given. */
  frames?: number
  /** Whether it is stored rotated or mirrored, as its EXIF says. */
  isTurned?: boolean
  warnings?: Warning[]
}

const PREVIEW_BOX = { width: 320, height: 320 }

/**
 * Decodes once, then goes down from the largest frame to the smallest, each made from the pixels of the one before it,
 * so only the first step processes the full image. Crops are cut out of their frames. Variants that come out the same are
 * encoded once.
 */
export async function developInCascade(
  stages: Stages,
  original: Uint8Array,
  requests: readonly VariantRequest[],
  traits = readTraits(original),
): Promise<Development> {
  const decoded = await blamingTheImage(() =>
    stages.decode(original, (upright) => descending(upright, requests)[0]?.frame ?? upright, traits),
  )
  const { width, height, warnings = [] } = decoded
  const variants: DevelopedVariant[] = []
  const still: VariantRequest[] = []
  for (const request of requests) {
    if (keepsAnimation(request, decoded)) variants.push(await animate(stages, original, decoded, request))
    else still.push(request)
  }

  let { pixels } = decoded
  let preview = pixels
  const picture = describe(original, traits, decoded)
  for (const { frame, request } of descending(decoded, still)) {
    pixels = await shrink(stages, pixels, frame)
    if (request) variants.push(await finish(stages, pixels, request, picture, variants))
    else preview = pixels
  }

  variants.sort((a, b) => requests.indexOf(a.spec) - requests.indexOf(b.spec))
  return { width, height, variants, preview, warnings }
}

/** A size of the whole image on the way down; without a request it is the preview. */
interface Step {
  frame: Size
  request?: VariantRequest
}

function descending(original: Size, requests: readonly VariantRequest[]): Step[] {
  const steps: Step[] = requests.map((request) => ({ frame: frameOf(original, request), request }))
  const area = ({ frame }: Step) => frame.width * frame.height
  return [...steps, { frame: fitInside(original, PREVIEW_BOX) }].sort((a, b) => area(b) - area(a))
}

const DEFAULT_MAX_FRAMES = 150

/**
 * All frames of an animation together. Decoding and scaling take about 20 ns a pixel of the original, encoding about 60 ns
 * a pixel of the variant, which is no larger: four seconds at most. libvips goes through the frames in 200 MB or less.
 */
const MAX_ANIMATION_PIXELS = 50_000_000

/** Whether the spec keeps animations, and this is one within the limits. */
function keepsAnimation(spec: VariantSpec, { frames = 1, width, height }: Decoded): boolean {
  return (
    spec.animation === 'keep' &&
    frames > 1 &&
    frames <= (spec.maxFrames ?? DEFAULT_MAX_FRAMES) &&
    frames * width * height <= MAX_ANIMATION_PIXELS
  )
}

async function animate(
  { animate }: Stages,
  original: Uint8Array,
  decoded: Decoded,
  spec: VariantRequest,
): Promise<DevelopedVariant> {
  if (!animate) throw new Error('the decoder counts frames that its engine cannot animate')
  const frame = frameOf(decoded, spec)
  const { width, height } = cropOf(frame, spec)
  const data = await blamingTheImage(() => animate(original, spec, frame))
  return { spec, format: spec.format, width, height, frames: decoded.frames ?? 1, data }
}

async function shrink(stages: Stages, pixels: Pixels, to: Size): Promise<Pixels> {
  return hasSize(pixels, to) ? pixels : stages.shrink(pixels, to)
}

/** Crop, watermark, encoding. */
async function finish(
  stages: Stages,
  frame: Pixels,
  request: VariantRequest,
  picture: Picture,
  finished: DevelopedVariant[],
): Promise<DevelopedVariant> {
  const size = cropOf(frame, request)
  const same = finished.find((one) => one.frames === 1 && lookOf(one.spec, one) === lookOf(request, size))
  if (same) return { ...same, spec: request }
  const cropped = await cropFrame(stages, frame, size, request.position)
  const pixels = await applyWatermark(stages, cropped, request)
  return { ...size, spec: request, frames: 1, ...(await encode(stages, pixels, request, picture)) }
}

/** The size is that of the upright original. */
interface Picture extends Size {
  original: Uint8Array
  kind: PictureKind
  /** The quality that it was saved with, if it is a JPEG. */
  quality: number | undefined
  /** Bytes are missing, so its weight says nothing about its pixels. */
  isDamaged: boolean
  /** No copy of it is lighter. */
  leastBytes: number
  /** The original without its metadata, if that shows what its pixels show. Made when it is first needed. */
  bare: () => Encoded | undefined
  /** The same with its transparent parts over a color. */
  bareOver: (background: string) => Encoded | undefined
}

function describe(original: Uint8Array, traits: FileTraits, decoded: Decoded): Picture {
  const { pixels, width, height, isTurned, warnings = [] } = decoded
  const mayBeCopied = warnings.length === 0 && !isTurned
  let bare: Encoded | undefined | null
  return {
    width,
    height,
    original,
    kind: kindOf(pixels),
    quality: traits.quality,
    isDamaged: warnings.includes('damaged-data'),
    leastBytes: traits.jpeg?.scans.length ?? 0,
    bare: () => {
      if (bare === undefined) bare = (mayBeCopied && withFormat(withoutMetadata(original, traits))) || null
      return bare ?? undefined
    },
    bareOver: (background) =>
      mayBeCopied ? withFormat(withoutTransparency(original, traits, background)) : undefined,
  }
}

function withFormat(data: Buffer | undefined): Encoded | undefined {
  return data && { format: formatOf(data), data }
}

function formatOf(image: Uint8Array): OutputFormat {
  const type = typeOf(image)
  const formats = Object.keys(OUTPUT_FORMATS) as OutputFormat[]
  return formats.find((format) => OUTPUT_FORMATS[format].contentType === type) ?? 'jpeg'
}

/** The original itself, if it can be the variant. */
function copyOf(pixels: Pixels, spec: VariantRequest, picture: Picture): Encoded | undefined {
  if (!hasSize(pixels, picture) || spec.watermark) return undefined
  const background = backgroundOf(spec)
  const bare = background && !isOpaque(pixels) ? picture.bareOver(background) : picture.bare()
  return bare && SHOWN_WITH[spec.format].includes(bare.format) ? bare : undefined
}

/** Hard edges show the errors of a quality at which photographs look good. */
const DRAWING_QUALITY_BONUS = 6

/** What makes a JPEG that must be rotated or converted no heavier than it was, without optimised Huffman tables. */
const LOSS_FOR_WEIGHT = 5

/**
 * A variant as large as its original would only add bytes at a higher quality than that of the original. So a JPEG of no more
 * than the preset's quality stays as it is, and other originals stay if that is lighter.
 */
async function encode(
  stages: Stages,
  pixels: Pixels,
  spec: VariantRequest,
  picture: Picture,
): Promise<Encoded> {
  const { kind, original, quality: highest = 100 } = picture
  const wanted = Math.min(100, qualityOf(spec) + (kind === 'photograph' ? 0 : DRAWING_QUALITY_BONUS))
  const isCapped = spec.format === 'jpeg' && hasSize(pixels, picture) && highest <= wanted
  const atOwnQuality = isCapped ? copyOf(pixels, spec, picture) : undefined
  if (atOwnQuality?.format === 'jpeg') return atOwnQuality
  const request = { ...spec, quality: isCapped ? Math.max(1, highest - LOSS_FOR_WEIGHT) : wanted }
  const encoded = await stages.encode(pixels, request, kind)
  const copy = picture.leastBytes <= encoded.data.length ? copyOf(pixels, spec, picture) : undefined
  const best = copy && copy.data.length <= encoded.data.length ? copy : encoded
  if (best.data.length <= original.length || spec.watermark || spec.format === 'png') return best
  if (picture.isDamaged || isFarHeavier(best, original)) return best
  return encodeLighter(stages, pixels, request, picture, best)
}

/** No effort saves so much, except without loss where the original is, too. */
const MOST_SAVED = 3

function isFarHeavier({ data }: Encoded, original: Uint8Array): boolean {
  return data.length > MOST_SAVED * original.length && !isLossless(original)
}

const QUALITY_STEP = 8
const MAX_QUALITY_STEPS = 2

/** For what is heavier than its original: thoroughly, then at lower qualities too. */
async function encodeLighter(
  stages: Stages,
  pixels: Pixels,
  spec: VariantRequest,
  { original, kind }: Picture,
  first: Encoded,
): Promise<Encoded> {
  let best = first
  for (let step = 0; step <= MAX_QUALITY_STEPS && best.data.length > original.length; step++) {
    const quality = Math.max(1, qualityOf(spec) - step * QUALITY_STEP)
    const lighter = await stages.encode(
      pixels,
      { ...spec, quality },
      isLossless(original) ? 'flat' : kind,
      true,
    )
    if (lighter.data.length < best.data.length) best = lighter
  }
  return best
}

/** It may be, so saving without loss may be the lightest way for the variant too. */
function isLossless(original: Uint8Array): boolean {
  const type = typeOf(original)
  return type === 'image/png' || type === 'image/gif' || type === 'image/webp'
}

/**
 * Everything in a spec that shows in the variant: all but its name, the box, which has become a size, and what concerns
 * animations. An image smaller than several variants comes out the same in all of them.
 */
function lookOf(spec: VariantRequest, size: Size): string {
  const { name, size: box, width, height, animation, maxFrames, watermarkImage, ...look } = spec
  return JSON.stringify([size.width, size.height, Object.entries(look).sort()])
}

/** Most variants are the whole frame. */
async function cropFrame(
  { cropSmartly }: Stages,
  frame: Pixels,
  size: Size,
  position: CropPosition = 'centre',
): Promise<Pixels> {
  if (hasSize(frame, size)) return frame
  if (position !== 'smart') return crop(frame, placeAt(position, frame, size), size)
  if (!cropSmartly) throw new Error('the engine cannot crop smartly; `unsupportedBy` should have refused it')
  return cropSmartly(frame, size)
}

/** Between a watermark and the edges, as a share of the shorter side. */
const MARGIN = 0.03

/** A watermark that cannot be read is a mistake in the configuration, not in the image. */
async function applyWatermark(
  stages: Stages,
  pixels: Pixels,
  { watermark, watermarkImage }: VariantRequest,
): Promise<Pixels> {
  if (!watermark) return pixels
  if (!watermarkImage) throw new Error(`the bytes of the watermark ${watermark.file} are missing`)
  const margin = Math.round(MARGIN * Math.min(pixels.width, pixels.height))
  const box = {
    width: Math.max(1, Math.min(Math.round(watermark.size * pixels.width), pixels.width - 2 * margin)),
    height: Math.max(1, pixels.height - 2 * margin),
  }
  const traits = readTraits(watermarkImage)
  const decoded = await stages.decode(watermarkImage, (upright) => fitInside(upright, box), traits)
  const mark = await shrink(stages, decoded.pixels, fitInside(decoded, box))
  return composite(pixels, mark, placeAt(watermark.gravity, pixels, mark, margin), watermark.opacity)
}

/** What fails while the original is read is the image's fault; what fails in a later stage is ours. */
async function blamingTheImage<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw new ProblemError('corrupt-image', 'The image is damaged and cannot be read. Upload it again.', {
      cause,
    })
  }
}
