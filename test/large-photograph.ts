import { randomBytes } from 'node:crypto'
import sharp from 'sharp'

/** A PNG of random pixels, three bytes per pixel: a valid image that cannot be compressed. */
export function largePhotograph(pixels: number): Promise<Buffer> {
  const side = Math.round(Math.sqrt(pixels))
  const raw = { width: side, height: side, channels: 3 as const }
  return sharp(randomBytes(3 * side * side), { raw })
    .png({ compressionLevel: 0 })
    .toBuffer()
}
