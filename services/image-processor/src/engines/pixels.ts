/** A width and a height in pixels. */
export interface Size {
  width: number
  height: number
}

/** Raw sRGB pixels, 8 bits a channel, row by row: RGB, or RGBA with straight alpha. */
export interface Pixels extends Size {
  channels: 3 | 4
  data: Buffer
}

export interface Point {
  x: number
  y: number
}

export function hasSize(pixels: Size, { width, height }: Size): boolean {
  return pixels.width === width && pixels.height === height
}

export function isOpaque({ channels, data }: Pixels): boolean {
  if (channels === 3) return true
  for (let alpha = 3; alpha < data.length; alpha += 4) if (data[alpha] !== 255) return false
  return true
}

/** @param corner upper left, in `pixels` */
export function crop(pixels: Pixels, { x, y }: Point, { width, height }: Size): Pixels {
  const { channels } = pixels
  const data = Buffer.allocUnsafe(width * height * channels)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * pixels.width + x) * channels
    pixels.data.copy(data, row * width * channels, from, from + width * channels)
  }
  return { width, height, channels, data }
}

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

/** @param stored RGBA pixels */
export function autoOrient(stored: Pixels, orientation: number): Pixels {
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

/**
 * Draws `above` over `below` with its upper left corner at `corner`: "source over" with straight alpha (W3C Compositing and
 * Blending, section 5.1), the alpha of `above` times `opacity`.
 */
export function composite(below: Pixels, above: Pixels, corner: Point, opacity = 1): Pixels {
  const data = Buffer.from(below.data)
  const width = Math.min(above.width, below.width - corner.x)
  const height = Math.min(above.height, below.height - corner.y)
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = (row * above.width + column) * above.channels
      const to = ((corner.y + row) * below.width + corner.x + column) * below.channels
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

/** Composites a picture over a color, `#rrggbb`; the result stays RGBA, as jimp has nothing else. */
export function flatten(pixels: Pixels, background: string): Pixels {
  const { width, height } = pixels
  const color = Buffer.from(`${background.slice(1)}ff`, 'hex')
  const data = Buffer.alloc(width * height * 4, color)
  return composite({ width, height, channels: 4, data }, pixels, { x: 0, y: 0 })
}
