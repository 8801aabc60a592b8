import { boxOf, type Gravity, type VariantSpec } from '@darkroom/core'
import type { Size } from './pixels.ts'

/** The size of an image fitted into a box, its proportions kept, never enlarged. */
export function fitInside(size: Size, box: Size): Size {
  return scaled(size, Math.min(1, box.width / size.width, box.height / size.height))
}

/**
 * A narrow crop of a long panorama would need all of it near full size. Above this many pixels, 100 MB with alpha, the crop
 * is made smaller instead.
 */
const MAX_FRAME_PIXELS = 25_000_000

/** The size of the whole image that a variant is cut from: no larger than it has to be. */
export function frameOf(original: Size, spec: VariantSpec): Size {
  const box = boxOf(spec)
  if (spec.fit !== 'cover') return fitInside(original, box)
  const toFill = Math.max(box.width / original.width, box.height / original.height)
  const toAfford = Math.sqrt(MAX_FRAME_PIXELS / (original.width * original.height))
  return scaled(original, Math.min(1, toFill, toAfford))
}

/** The size of the variant itself. A box larger than its frame is shrunk, keeping the proportions of the box. */
export function cropOf(frame: Size, spec: VariantSpec): Size {
  return spec.fit === 'cover' ? fitInside(boxOf(spec), frame) : frame
}

function scaled({ width, height }: Size, scale: number): Size {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** Where to put the upper left corner of `inner` in `outer`, `margin` pixels away from the edges that `gravity` names. */
export function placeAt(gravity: Gravity, outer: Size, inner: Size, margin = 0): { x: number; y: number } {
  const between = (space: number, start: boolean, end: boolean) => {
    if (start) return Math.min(margin, space)
    return end ? Math.max(0, space - margin) : Math.floor(space / 2)
  }
  return {
    x: between(outer.width - inner.width, gravity.endsWith('left'), gravity.endsWith('right')),
    y: between(outer.height - inner.height, gravity.startsWith('top'), gravity.startsWith('bottom')),
  }
}
