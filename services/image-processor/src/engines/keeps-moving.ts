import type { VariantSpec } from '@darkroom/core'
import type { Decoded } from './stages.ts'

const DEFAULT_MAX_FRAMES = 150

/**
 * All frames of an animation together. Decoding and scaling take about 20 ns a pixel of the original, encoding about 60 a
 * pixel of the variant, which is no larger: four seconds at most. libvips goes through the frames in 200 MB or less.
 */
const MAX_ANIMATION_PIXELS = 50_000_000

/** Whether a variant is to move: its spec wants it, there is an animation, and that is within the limits. */
export function keepsMoving(spec: VariantSpec, { frames = 1, width, height }: Decoded): boolean {
  return (
    spec.animation === 'keep' &&
    frames > 1 &&
    frames <= (spec.maxFrames ?? DEFAULT_MAX_FRAMES) &&
    frames * width * height <= MAX_ANIMATION_PIXELS
  )
}
