import type { ImageEngine } from '../../engines/image-engine.ts'
import { misbehave } from './misdeeds.ts'

/** Decodes nothing, so it starts fast. An image's width is the number of images that it has seen. */
export const misbehaving: ImageEngine = {
  name: 'sharp',
  async develop(original, variants) {
    const images = await misbehave(original)
    const data = Buffer.from(original)
    return {
      width: images,
      height: 1,
      variants: variants.map((spec) => ({ spec, format: 'jpeg', data, width: 8, height: 8, frames: 1 })),
      preview: { data: Buffer.alloc(8 * 8 * 3, 200), channels: 3, width: 8, height: 8 },
      warnings: [],
    }
  },
}
