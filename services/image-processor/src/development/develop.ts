import type { AppId, Preset, Warning } from '@darkroom/core'
import { readTraits, withoutLeadingJunk } from '@darkroom/image-file'
import type { DevelopedVariant, ImageEngine } from '../engines/image-engine.ts'
import { withWatermark } from '../presets/watermarks.ts'
import { dominantColor } from './dominant-color.ts'
import { findWarnings } from './find-warnings.ts'
import { perceptualHash } from './perceptual-hash.ts'
import { thumbhash } from './placeholder.ts'
import { type Exif, readExif } from './read-exif.ts'

/** Everything that is made from one original and found out about it, independent of where it is stored. */
export interface Developed extends Exif {
  /** Of the upright original, in pixels. */
  width: number
  height: number
  /** Whether the original contains a C2PA manifest, which is not verified. */
  hadContentCredentials: boolean
  /** ThumbHash, base64. */
  thumbhash: string
  /** `#rrggbb`. */
  dominantColor: string
  /** 64 bits, 16 hex characters. */
  perceptualHash: string
  /** In the preset's order. */
  variants: DevelopedVariant[]
  /** Anything unusual about the original. */
  warnings: Warning[]
}

/** @throws ProblemError as the engine's `develop` does */
export async function develop(engine: ImageEngine, original: Uint8Array, preset: Preset): Promise<Developed> {
  const image = withoutLeadingJunk(original)
  const traits = readTraits(image)
  const requests = preset.variants.map(withWatermark)
  const { preview, warnings, ...developed } = await engine.develop(image, requests, traits)
  const junk: Warning[] = image.length < original.length ? ['junk-before-header'] : []
  return {
    ...developed,
    ...readExif(image, traits),
    hadContentCredentials: traits.hasContentCredentials === true,
    thumbhash: thumbhash(preview),
    dominantColor: dominantColor(preview),
    perceptualHash: perceptualHash(preview),
    warnings: [...new Set([...junk, ...findWarnings(traits, image.length, developed.variants), ...warnings])],
  }
}

/** Develops originals, in this process or in another. */
export interface Developer {
  /** The engine's name. */
  readonly name: ImageEngine['name']
  /** @throws ProblemError, not retryable, if the image is at fault; EngineDeath; any other error is our fault */
  develop(original: Uint8Array, preset: Preset, app: AppId): Promise<Developed>
}

/** In this process: an image that crashes the decoder crashes the caller. */
export function developHere(engine: ImageEngine): Developer {
  return { name: engine.name, develop: (original, preset) => develop(engine, original, preset) }
}
