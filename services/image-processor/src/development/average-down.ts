import type { Preview, Size } from '../engines/image-engine.ts'

/** Shrinks by averaging boxes of whole pixels, which is enough for hashes; a larger size repeats pixels. */
export function averageDown(preview: Preview, { width, height }: Size): Preview {
  const rgba = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    const rows = box(y, height, preview.height)
    for (let x = 0; x < width; x++) {
      average(preview, box(x, width, preview.width), rows, rgba, (y * width + x) * 4)
    }
  }
  return { width, height, rgba }
}

type Box = readonly [from: number, to: number]

function box(i: number, steps: number, length: number): Box {
  const from = Math.floor((i * length) / steps)
  return [from, Math.max(from + 1, Math.floor(((i + 1) * length) / steps))]
}

/** Colors are weighted by alpha, so transparent pixels add no color. */
function average(
  { width, rgba }: Preview,
  [left, right]: Box,
  [top, bottom]: Box,
  into: Uint8Array,
  at: number,
) {
  let red = 0
  let green = 0
  let blue = 0
  let alpha = 0
  for (let y = top; y < bottom; y++) {
    for (let i = (y * width + left) * 4; i < (y * width + right) * 4; i += 4) {
      const weight = rgba[i + 3] ?? 0
      red += (rgba[i] ?? 0) * weight
      green += (rgba[i + 1] ?? 0) * weight
      blue += (rgba[i + 2] ?? 0) * weight
      alpha += weight
    }
  }
  if (alpha === 0) return
  into[at] = Math.round(red / alpha)
  into[at + 1] = Math.round(green / alpha)
  into[at + 2] = Math.round(blue / alpha)
  into[at + 3] = Math.round(alpha / ((right - left) * (bottom - top)))
}
