import { ProblemError } from '@darkroom/core'
import { cropTo } from './crop-to.ts'
import type { DevelopedVariant, Development, Size, VariantOrder } from './image-engine.ts'
import { keepsMoving } from './keeps-moving.ts'
import { hasSize, type Pixels, toPreview } from './pixels.ts'
import { cropOf, fitInside, frameOf } from './placement.ts'
import type { Decoded, Stages } from './stages.ts'
import { stamp } from './stamp.ts'

const PREVIEW_BOX = { width: 320, height: 320 }

/**
 * Decodes once, then goes down from the largest frame to the smallest, each made from the pixels of the one before it,
 * so that only the first step meets the full image. A crop is cut out of its frame. Variants that come out alike are
 * encoded once.
 */
export async function developInCascade(
  stages: Stages,
  original: Uint8Array,
  orders: readonly VariantOrder[],
): Promise<Development> {
  const decoded = await blamingTheImage(() =>
    stages.decode(original, (upright) => descending(upright, orders)[0]?.frame ?? upright),
  )
  const { width, height, warnings = [] } = decoded
  const variants: DevelopedVariant[] = []
  const still: VariantOrder[] = []
  for (const order of orders) {
    if (keepsMoving(order, decoded)) variants.push(await animate(stages, original, decoded, order))
    else still.push(order)
  }

  let { pixels } = decoded
  let preview = pixels
  for (const { frame, order } of descending(decoded, still)) {
    pixels = await shrink(stages, pixels, frame)
    if (order) variants.push(await finish(stages, pixels, order, variants))
    else preview = pixels
  }

  variants.sort((a, b) => orders.indexOf(a.spec) - orders.indexOf(b.spec))
  return { width, height, variants, preview: toPreview(preview), warnings }
}

/** A whole image on its way down; without an order it is the preview. */
interface Step {
  frame: Size
  order?: VariantOrder
}

function descending(original: Size, orders: readonly VariantOrder[]): Step[] {
  const steps: Step[] = orders.map((order) => ({ frame: frameOf(original, order), order }))
  const area = ({ frame }: Step) => frame.width * frame.height
  return [...steps, { frame: fitInside(original, PREVIEW_BOX) }].sort((a, b) => area(b) - area(a))
}

async function animate(
  { animate }: Stages,
  original: Uint8Array,
  decoded: Decoded,
  spec: VariantOrder,
): Promise<DevelopedVariant> {
  if (!animate) throw new Error('the decoder counts frames that its engine cannot animate')
  const frame = frameOf(decoded, spec)
  const { width, height } = cropOf(frame, spec)
  const data = await blamingTheImage(() => animate(original, spec, frame))
  return { spec, width, height, frames: decoded.frames ?? 1, data }
}

/** Crop, watermark, encoding: what a variant has for itself. */
async function finish(
  stages: Stages,
  frame: Pixels,
  order: VariantOrder,
  made: DevelopedVariant[],
): Promise<DevelopedVariant> {
  const size = cropOf(frame, order)
  const alike = made.find((one) => one.frames === 1 && lookOf(one.spec, one) === lookOf(order, size))
  if (alike) return { ...alike, spec: order }
  const cropped = await cropTo(stages, frame, size, order.position)
  const data = await stages.encode(await stamp(stages, cropped, order), order)
  return { ...size, spec: order, frames: 1, data }
}

/** An image smaller than several variants comes out the same in all of them. */
function lookOf(spec: VariantOrder, { width, height }: Size): string {
  const { format, quality, fit, position, background, watermark } = spec
  return JSON.stringify([width, height, format, quality, fit, position, background, watermark])
}

async function shrink(stages: Stages, pixels: Pixels, to: Size): Promise<Pixels> {
  return hasSize(pixels, to) ? pixels : stages.shrink(pixels, to)
}

/** What fails while the original is read is its own fault; what fails in a later stage is ours. */
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
