import type { Pixels } from './pixels.ts'

/**
 * A picture with another over it, its upper left corner at `x`, `y`: "source over" with straight alpha (W3C Compositing
 * and Blending, section 5.1), the upper one's alpha times `opacity`.
 */
export function layOver(
  below: Pixels,
  above: Pixels,
  { x, y }: { x: number; y: number },
  opacity = 1,
): Pixels {
  const data = Buffer.from(below.data)
  const width = Math.min(above.width, below.width - x)
  const height = Math.min(above.height, below.height - y)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * above.width + column) * above.channels
      const to = ((y + row) * below.width + x + column) * below.channels
      blend(data, to, below.channels, above, from, opacity)
    }
  }
  return { ...below, data }
}

function blend(
  data: Buffer,
  to: number,
  channels: 3 | 4,
  above: Pixels,
  from: number,
  opacity: number,
): void {
  const alpha = alphaAt(above.data, from, above.channels) * opacity
  const alphaBelow = alphaAt(data, to, channels) * (1 - alpha)
  const together = alpha + alphaBelow
  if (together === 0) return
  for (let c = 0; c < 3; c++) {
    const mixed = (above.data[from + c] ?? 0) * alpha + (data[to + c] ?? 0) * alphaBelow
    data[to + c] = Math.round(mixed / together)
  }
  if (channels === 4) data[to + 3] = Math.round(together * 255)
}

function alphaAt(data: Buffer, at: number, channels: 3 | 4): number {
  return channels === 4 ? (data[at + 3] ?? 0) / 255 : 1
}

/** Lays a picture on a colour, `#rrggbb`; it stays RGBA, as jimp knows nothing else. */
export function flatten(pixels: Pixels, background: string): Pixels {
  const { width, height } = pixels
  const colour = Buffer.from(`${background.slice(1)}ff`, 'hex')
  const data = Buffer.alloc(width * height * 4, colour)
  return layOver({ width, height, channels: 4, data }, pixels, { x: 0, y: 0 })
}
