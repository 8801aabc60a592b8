import { randomBytes } from 'node:crypto'
import sharp, { type Sharp } from 'sharp'

/** Noise, so that every picture is different and none can be compressed. */
function noise(size: number): Sharp {
  const raw = { width: size, height: size, channels: 3 as const }
  return sharp(randomBytes(size * size * 3), { raw })
}

/** 8 × 8 pixels, for tests that need many. */
export function tinyImage(): Promise<Buffer> {
  return noise(8).png().toBuffer()
}

export function tinyImages(count: number): Promise<Buffer[]> {
  return Promise.all(Array.from({ length: count }, tinyImage))
}

/** A JPEG of 3 MB. Two of them in base64 exceed Lambda's 6 MB. */
export function largeImage(): Promise<Buffer> {
  return noise(1_600).jpeg({ quality: 98 }).toBuffer()
}
