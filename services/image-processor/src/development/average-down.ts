import type { Pixels, Size } from '../engines/pixels.ts'

/**
 * Shrinks to RGBA by averaging boxes of whole pixels, which is enough for hashes; a larger size repeats pixels. Colors are
 * weighted by alpha, so transparent pixels add no color.
 */
export function averageDown(pixels: Pixels, { width, height }: Size): Pixels {
  const averages = Buffer.alloc(width * height * 4)
  for (let y = 0, at = 0; y < height; y++) {
    const top = edge(y, height, pixels.height)
    const bottom = Math.max(top + 1, edge(y + 1, height, pixels.height))
    for (let x = 0; x < width; x++, at += 4) {
      const left = edge(x, width, pixels.width)
      const right = Math.max(left + 1, edge(x + 1, width, pixels.width))
      average(pixels, left, right, top, bottom, averages, at)
    }
  }
  return { width, height, channels: 4, data: averages }
}

/** A function of its own, because V8 compiles what is called often: the loops of a process's first images count. */
function average(
  { data, channels, width }: Pixels,
  left: number,
  right: number,
  top: number,
  bottom: number,
  into: Buffer,
  at: number,
): void {
  let red = 0
  let green = 0
  let blue = 0
  let alpha = 0
  for (let row = top; row < bottom; row++) {
    const end = (row * width + right) * channels
    for (let i = (row * width + left) * channels; i < end; i += channels) {
      const weight = channels === 4 ? (data[i + 3] ?? 0) : 255
      red += (data[i] ?? 0) * weight
      green += (data[i + 1] ?? 0) * weight
      blue += (data[i + 2] ?? 0) * weight
      alpha += weight
    }
  }
  if (alpha === 0) return
  into[at] = Math.round(red / alpha)
  into[at + 1] = Math.round(green / alpha)
  into[at + 2] = Math.round(blue / alpha)
  into[at + 3] = Math.round(alpha / ((right - left) * (bottom - top)))
}

function edge(i: number, steps: number, length: number): number {
  return Math.floor((i * length) / steps)
}
