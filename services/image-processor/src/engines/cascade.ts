import {
  type CropPosition,
  type OutputFormat,
  ProblemError,
  qualityOf,
  type VariantSpec,
  type Warning,
} from '@darkroom/core'
import { readTraits } from '@darkroom/image-file'
import { kindOf, type PictureKind } from './graphics.ts'
import type { DevelopedVariant, Development, Size, VariantRequest } from './image-engine.ts'
import { composite, crop, hasSize, type Pixels, toPreview } from './pixels.ts'
import { cropOf, fitInside, frameOf, placeAt } from './placement.ts'

/** The stages in which engines differ. */
export interface Stages {
  /** Decodes upright and in sRGB; may bring the pixels to the size that `frame` gives for the upright original. */
  decode(original: Uint8Array, frame: (upright: Size) => Size): Promise<Decoded>
  shrink(pixels: Pixels, to: Size): Promise<Pixels>
  /** Crops to the part that draws the eye. */
  cropSmartly?(pixels: Pixels, to: Size): Promise<Pixels>
  /** @param kind how to save what a photograph does not need: hard edges and flat areas */
  encode(pixels: Pixels, spec: VariantSpec, kind: PictureKind): Promise<Encoded>
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
): Promise<Development> {
  const decoded = await blamingTheImage(() =>
    stages.decode(original, (upright) => descending(upright, requests)[0]?.frame ?? upright),
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
  const picture = { width, height, original, kind: kindOf(pixels) }
  for (const { frame, request } of descending(decoded, still)) {
    pixels = await shrink(stages, pixels, frame)
    if (request) variants.push(await finish(stages, pixels, request, picture, variants))
    else preview = pixels
  }

  variants.sort((a, b) => requests.indexOf(a.spec) - requests.indexOf(b.spec))
  return { width, height, variants, preview: toPreview(preview), warnings }
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

/** Of the upright original. */
interface Picture extends Size {
  original: Uint8Array
  kind: PictureKind
}

const QUALITY_STEP = 8
const MAX_QUALITY_STEPS = 6

/**
 * A variant as large as its original would only add bytes at a higher quality than that of the original, so it gets a lower
 * one, and an even lower one while it is heavier.
 */
async function encode(
  stages: Stages,
  pixels: Pixels,
  spec: VariantRequest,
  { original, kind, ...size }: Picture,
): Promise<Encoded> {
  if (!hasSize(pixels, size) || spec.watermark || spec.format === 'png')
    return stages.encode(pixels, spec, kind)
  let quality = qualityOf(spec)
  if (spec.format === 'jpeg') quality = Math.min(quality, readTraits(original).quality ?? quality)
  let best = await stages.encode(pixels, { ...spec, quality }, kind)
  for (let step = 1; step <= MAX_QUALITY_STEPS && best.data.length > original.length; step++) {
    const lowered = { ...spec, quality: Math.max(1, quality - step * QUALITY_STEP) }
    const lower = await stages.encode(pixels, lowered, kind)
    if (lower.data.length < best.data.length) best = lower
  }
  return best
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
  const decoded = await stages.decode(watermarkImage, (upright) => fitInside(upright, box))
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
