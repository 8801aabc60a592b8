import type { Preset } from '@darkroom/core'
import { dominantColour } from './dominant-colour.ts'
import type { DevelopedVariant, ImageEngine } from './image-engine.ts'
import { perceptualHash } from './perceptual-hash.ts'
import { placeholder } from './placeholder.ts'
import { type Exif, readExif } from './read-exif.ts'

/** All that is learnt and made of one original; nothing of it says where it will be kept. */
export interface Developed extends Exif {
  /** Of the upright original, in pixels. */
  width: number
  height: number
  /** ThumbHash, base64. */
  thumbhash: string
  /** `#rrggbb`. */
  dominantColour: string
  /** 64 bits, 16 hex characters. */
  perceptualHash: string
  /** In the preset's order. */
  variants: DevelopedVariant[]
}

/** @throws ProblemError as the engine's `develop` does */
export async function develop(engine: ImageEngine, original: Uint8Array, preset: Preset): Promise<Developed> {
  const { preview, ...developed } = await engine.develop(original, preset.variants)
  return {
    ...developed,
    ...readExif(original),
    thumbhash: placeholder(preview),
    dominantColour: dominantColour(preview),
    perceptualHash: perceptualHash(preview),
  }
}
