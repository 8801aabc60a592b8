import type { CropPosition } from '@darkroom/core'
import type { Size } from './image-engine.ts'
import { cutOut, hasSize, type Pixels } from './pixels.ts'
import { placeAt } from './placement.ts'
import type { Stages } from './stages.ts'

/** Cuts a frame to the size of its variant; most variants are the whole frame. */
export async function cropTo(
  { cropSmartly }: Stages,
  frame: Pixels,
  size: Size,
  position: CropPosition = 'centre',
): Promise<Pixels> {
  if (hasSize(frame, size)) return frame
  if (position !== 'smart') return cutOut(frame, placeAt(position, frame, size), size)
  if (!cropSmartly) throw new Error('the engine cannot crop smartly, and was not asked before')
  return cropSmartly(frame, size)
}
