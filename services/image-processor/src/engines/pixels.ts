import type { Preview, Size } from './image-engine.ts'

/** Raw sRGB pixels, 8 bits a channel, row by row: RGB or RGBA with straight alpha. */
export interface Pixels extends Size {
  channels: 3 | 4
  data: Buffer
}

export function toPreview({ width, height, channels, data }: Pixels): Preview {
  if (channels === 4) return { width, height, rgba: data }
  const rgba = new Uint8Array(width * height * 4).fill(255)
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    rgba[to] = data[from] ?? 0
    rgba[to + 1] = data[from + 1] ?? 0
    rgba[to + 2] = data[from + 2] ?? 0
  }
  return { width, height, rgba }
}

export function hasSize(pixels: Size, { width, height }: Size): boolean {
  return pixels.width === width && pixels.height === height
}

/** The part of a picture that begins at `x`, `y`. */
export function cutOut(pixels: Pixels, { x, y }: { x: number; y: number }, { width, height }: Size): Pixels {
  const { channels } = pixels
  const data = Buffer.allocUnsafe(width * height * channels)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * pixels.width + x) * channels
    pixels.data.copy(data, row * width * channels, from, from + width * channels)
  }
  return { width, height, channels, data }
}
