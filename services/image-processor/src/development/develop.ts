import type { Preset, Warning } from '@darkroom/core'
import { readTraits, withoutLeadingJunk } from '@darkroom/image-file'
import type { DevelopedVariant, ImageEngine } from '../engines/image-engine.ts'
import { toOrder } from '../presets/watermarks.ts'
import { dominantColour } from './dominant-colour.ts'
import { findWarnings } from './find-warnings.ts'
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
  /** What was odd about it. */
  warnings: Warning[]
}

/** @throws ProblemError as the engine's `develop` does */
export async function develop(engine: ImageEngine, original: Uint8Array, preset: Preset): Promise<Developed> {
  const image = withoutLeadingJunk(original)
  const traits = readTraits(image)
  const { preview, warnings, ...developed } = await engine.develop(image, preset.variants.map(toOrder))
  const junk: Warning[] = image.length < original.length ? ['junk-before-header'] : []
  return {
    ...developed,
    ...readExif(image, traits),
    thumbhash: placeholder(preview),
    dominantColour: dominantColour(preview),
    perceptualHash: perceptualHash(preview),
    warnings: [...junk, ...findWarnings(traits, image.length, developed.variants), ...warnings],
  }
}
