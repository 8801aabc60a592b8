import { ProblemError, type VariantSpec } from '@darkroom/core'
import type { DevelopedVariant, Development, Size } from '../image-engine.ts'
import { fitInside } from './fit-inside.ts'
import { type Pixels, toPreview } from './pixels.ts'

/** The stages in which engines differ. */
export interface Stages {
  /** Decodes upright and in sRGB; may fit the pixels into a square of `side` at once. */
  decode(original: Uint8Array, side: number): Promise<Decoded>
  shrink(pixels: Pixels, to: Size): Promise<Pixels>
  encode(pixels: Pixels, spec: VariantSpec): Promise<Buffer>
}

/** The size is that of the upright original, whatever the size of the pixels. */
export interface Decoded extends Size {
  pixels: Pixels
}

const PREVIEW_SIDE = 320

/**
 * Decodes once, then goes down from the largest variant to the smallest, each made from the pixels of the
 * one before it, so that only the first step meets the full image. Variants that come out alike are encoded
 * once.
 */
export async function developInCascade(
  stages: Stages,
  original: Uint8Array,
  specs: readonly VariantSpec[],
): Promise<Development> {
  const descending = specs.toSorted((a, b) => b.size - a.size)
  const decoded = await decode(stages, original, Math.max(PREVIEW_SIDE, descending[0]?.size ?? 0))
  const variants: DevelopedVariant[] = []
  let { pixels } = decoded

  const shrinkTo = async (side: number) => {
    pixels = await shrink(stages, pixels, fitInside(decoded, side))
  }
  const develop = async (spec: VariantSpec) => {
    await shrinkTo(spec.size)
    const { width, height } = pixels
    const alike = variants.find((made) => looksAlike(made, { spec, width, height }))
    variants.push({ spec, width, height, data: alike?.data ?? (await stages.encode(pixels, spec)) })
  }

  for (const spec of descending.filter(({ size }) => size >= PREVIEW_SIDE)) await develop(spec)
  await shrinkTo(PREVIEW_SIDE)
  const preview = toPreview(pixels)
  for (const spec of descending.filter(({ size }) => size < PREVIEW_SIDE)) await develop(spec)

  variants.sort((a, b) => specs.indexOf(a.spec) - specs.indexOf(b.spec))
  return { width: decoded.width, height: decoded.height, variants, preview }
}

/** An image smaller than several variants comes out the same in all of them. */
function looksAlike(a: Omit<DevelopedVariant, 'data'>, b: Omit<DevelopedVariant, 'data'>): boolean {
  const sameSize = a.width === b.width && a.height === b.height
  return sameSize && a.spec.format === b.spec.format && a.spec.quality === b.spec.quality
}

/** What fails here is the image's fault; what fails in a later stage is ours. */
async function decode(stages: Stages, original: Uint8Array, side: number): Promise<Decoded> {
  try {
    return await stages.decode(original, side)
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw new ProblemError('corrupt-image', 'The image is damaged and cannot be read. Send it again.', {
      cause,
    })
  }
}

async function shrink(stages: Stages, pixels: Pixels, to: Size): Promise<Pixels> {
  const fits = pixels.width === to.width && pixels.height === to.height
  return fits ? pixels : stages.shrink(pixels, to)
}
