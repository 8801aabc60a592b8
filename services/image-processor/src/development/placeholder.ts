import { rgbaToThumbHash } from 'thumbhash'
import type { Preview } from '../engines/image-engine.ts'
import { averageDown } from './average-down.ts'

/** A ThumbHash reads at most 100 px a side, and 5 × 5 frequencies of that: 32 px say as much. */
const SIDE = 32

/** A blurred placeholder of about 25 bytes (evanw/thumbhash), base64. */
export function placeholder(preview: Preview): string {
  const scale = Math.min(1, SIDE / Math.max(preview.width, preview.height))
  const { width, height, rgba } = averageDown(preview, {
    width: Math.max(1, Math.round(preview.width * scale)),
    height: Math.max(1, Math.round(preview.height * scale)),
  })
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64')
}
