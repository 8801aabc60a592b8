import { crc32 } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

/** The colors in the corners of the pictures drawn here, when upright. */
export const CORNERS = {
  topLeft: [200, 40, 40],
  topRight: [40, 160, 60],
  bottomLeft: [40, 70, 190],
  bottomRight: [220, 200, 60],
} as const

type Color = readonly [number, number, number]

/** Four quarters in four colors. */
export function fourCorners(
  width: number,
  height: number,
  corners: Record<keyof typeof CORNERS, Color> = CORNERS,
): Sharp {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = y < height / 2 ? 'top' : 'bottom'
      const column = x < width / 2 ? 'Left' : 'Right'
      data.set(corners[`${row}${column}`], (y * width + x) * 3)
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** Whether the middle of each quarter has the color of its corner. */
export async function showsFourCorners(image: Sharp): Promise<boolean> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const isNear = (x: number, y: number, color: Color) => {
    const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3
    return color.every((value, i) => Math.abs(value - (data[at + i] ?? Number.NaN)) <= 10)
  }
  return (
    isNear(0.25, 0.25, CORNERS.topLeft) &&
    isNear(0.75, 0.25, CORNERS.topRight) &&
    isNear(0.25, 0.75, CORNERS.bottomLeft) &&
    isNear(0.75, 0.75, CORNERS.bottomRight)
  )
}

/** How to store an upright picture for each EXIF orientation; sharp mirrors before it rotates. */
const STORED: Record<number, (upright: Sharp) => Sharp> = {
  1: (upright) => upright,
  2: (upright) => upright.flop(),
  3: (upright) => upright.rotate(180),
  4: (upright) => upright.flip(),
  5: (upright) => upright.rotate(270).flop(),
  6: (upright) => upright.rotate(270),
  7: (upright) => upright.rotate(90).flop(),
  8: (upright) => upright.rotate(90),
}

export function storedFor(orientation: number, upright: Sharp): Sharp {
  return (STORED[orientation] as (upright: Sharp) => Sharp)(upright).withMetadata({ orientation })
}

/** A small PNG with other dimensions in its IHDR (W3C PNG, 11.2.1), and a matching checksum. */
export async function pngThatClaims(width: number, height: number): Promise<Buffer> {
  const png = await fourCorners(10, 10).png().toBuffer()
  png.writeUInt32BE(width, 16)
  png.writeUInt32BE(height, 20)
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29)
  return png
}

/** Peak signal-to-noise ratio in decibels. From about 40, differences are invisible. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values cannot be compared with ${b.length}`)
  const squares = a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0)
  return 10 * Math.log10((255 * 255 * a.length) / squares)
}
