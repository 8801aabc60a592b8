import type { VariantOrder } from './image-engine.ts'
import { layOver } from './lay-over.ts'
import { hasSize, type Pixels } from './pixels.ts'
import { fitInside, placeAt } from './placement.ts'
import type { Stages } from './stages.ts'

/** As a share of the shorter side. */
const MARGIN = 0.03

/** Lays a variant's watermark over it. A mark that cannot be read is a mistake of the configuration, not of the image. */
export async function stamp(
  stages: Stages,
  pixels: Pixels,
  { watermark, watermarkImage }: VariantOrder,
): Promise<Pixels> {
  if (!watermark) return pixels
  if (!watermarkImage)
    throw new Error(`the bytes of the watermark ${watermark.file} did not come with the order`)
  const margin = Math.round(MARGIN * Math.min(pixels.width, pixels.height))
  const box = {
    width: Math.max(1, Math.min(Math.round(watermark.size * pixels.width), pixels.width - 2 * margin)),
    height: Math.max(1, pixels.height - 2 * margin),
  }
  const decoded = await stages.decode(watermarkImage, (upright) => fitInside(upright, box))
  const fitted = fitInside(decoded, box)
  const mark = hasSize(decoded.pixels, fitted) ? decoded.pixels : await stages.shrink(decoded.pixels, fitted)
  return layOver(pixels, mark, placeAt(watermark.gravity, pixels, mark, margin), watermark.opacity)
}
