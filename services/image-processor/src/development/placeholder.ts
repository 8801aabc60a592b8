import { rgbaToThumbHash } from 'thumbhash'
import type { Preview } from '../engines/image-engine.ts'
import { averageDown } from './average-down.ts'

/** A ThumbHash allows 100 px per side but uses only 5 × 5 frequencies, so 32 px are enough. */
const SIDE = 32

/** A blurred placeholder of about 25 bytes (evanw/thumbhash), base64. */
export function thumbhash(preview: Preview): string {
  const scale = Math.min(1, SIDE / Math.max(preview.width, preview.height))
  const { width, height, rgba } = averageDown(preview, {
    width: Math.max(1, Math.round(preview.width * scale)),
    height: Math.max(1, Math.round(preview.height * scale)),
  })
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64')
}

/**
 * The most frequent color, as `#rrggbb`: the mean of the pixels in the fullest of 4096 boxes (4 bits per channel). Pixels
 * that are mostly transparent are ignored; if all are, the color is white.
 */
export function dominantColor({ rgba }: Preview): string {
  const counts = new Uint32Array(4096)
  for (let i = 0; i < rgba.length; i += 4) {
    const box = boxOf(rgba, i)
    if (box >= 0) counts[box] = (counts[box] ?? 0) + 1
  }
  const most = counts.reduce((a, b) => Math.max(a, b))
  return most === 0 ? '#ffffff' : meanOf(rgba, counts.indexOf(most), most)
}

/** The four upper bits of each channel; −1 for a pixel that is mostly transparent. */
function boxOf(rgba: Uint8Array, i: number): number {
  if ((rgba[i + 3] ?? 0) < 128) return -1
  const [red, green, blue] = [(rgba[i] ?? 0) >> 4, (rgba[i + 1] ?? 0) >> 4, (rgba[i + 2] ?? 0) >> 4]
  return (red << 8) | (green << 4) | blue
}

function meanOf(rgba: Uint8Array, box: number, count: number): string {
  const sums = [0, 0, 0]
  for (let i = 0; i < rgba.length; i += 4) {
    if (boxOf(rgba, i) !== box) continue
    for (let c = 0; c < 3; c++) sums[c] = (sums[c] ?? 0) + (rgba[i + c] ?? 0)
  }
  return `#${sums.map((sum) => hex(Math.round(sum / count))).join('')}`
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
