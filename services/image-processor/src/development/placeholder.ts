import { rgbaToThumbHash } from 'thumbhash'
import type { Pixels } from '../engines/pixels.ts'
import { averageDown } from './average-down.ts'

/** A ThumbHash allows 100 px per side but uses only 5 × 5 frequencies, so 32 px are enough. */
const SIDE = 32

/** A blurred placeholder of about 25 bytes (evanw/thumbhash), base64. */
export function thumbhash(preview: Pixels): string {
  const scale = Math.min(1, SIDE / Math.max(preview.width, preview.height))
  const { width, height, data } = averageDown(preview, {
    width: Math.max(1, Math.round(preview.width * scale)),
    height: Math.max(1, Math.round(preview.height * scale)),
  })
  return Buffer.from(rgbaToThumbHash(width, height, data)).toString('base64')
}
