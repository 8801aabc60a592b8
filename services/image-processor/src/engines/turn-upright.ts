import type { Pixels } from './pixels.ts'

/** Where, for each EXIF orientation (Exif 2.32, tag 0x0112), the pixel x, y of the upright image is stored. */
const SOURCES: Record<number, (x: number, y: number, right: number, bottom: number) => [number, number]> = {
  2: (x, y, right) => [right - x, y],
  3: (x, y, right, bottom) => [right - x, bottom - y],
  4: (x, y, _, bottom) => [x, bottom - y],
  5: (x, y) => [y, x],
  6: (x, y, _, bottom) => [y, bottom - x],
  7: (x, y, right, bottom) => [right - y, bottom - x],
  8: (x, y, right) => [right - y, x],
}

/** Turns RGBA pixels as an EXIF orientation of 1 to 8 asks. */
export function turnUpright(stored: Pixels, orientation: number): Pixels {
  const source = SOURCES[orientation]
  if (!source) return stored
  const [width, height] = orientation > 4 ? [stored.height, stored.width] : [stored.width, stored.height]
  const data = Buffer.allocUnsafe(stored.data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = source(x, y, stored.width - 1, stored.height - 1)
      data.writeUInt32LE(stored.data.readUInt32LE((row * stored.width + column) * 4), (y * width + x) * 4)
    }
  }
  return { width, height, channels: 4, data }
}
