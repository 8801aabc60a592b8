import type { Size } from '../image-engine.ts'

/** The size of an image fitted into a square of `side` pixels, its proportions kept, never enlarged. */
export function fitInside({ width, height }: Size, side: number): Size {
  const scale = Math.min(1, side / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
