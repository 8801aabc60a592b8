import type { VariantSpec } from '@darkroom/core'
import type { ImageEngine } from './image-engine.ts'

/** A field of a spec that an engine cannot serve, and why. */
export interface Unsupported {
  field: keyof VariantSpec
  reason: string
}

/** Loads no engine, so that whoever starts one in another process can ask as well. */
export function unsupportedBy(engine: ImageEngine['name'], spec: VariantSpec): Unsupported[] {
  return engine === 'jimp' ? [...unsupportedByJimp(spec)] : []
}

function* unsupportedByJimp({ format, position, animation }: VariantSpec): Generator<Unsupported> {
  if (format === 'avif') yield { field: 'format', reason: 'the jimp engine writes no AVIF' }
  if (position === 'smart') yield { field: 'position', reason: 'the jimp engine cannot crop smartly' }
  if (animation === 'keep') yield { field: 'animation', reason: 'the jimp engine keeps no animation' }
}

/** What an engine cannot do of what images may ask for; an image that it befalls has a warning in its document. */
export const LIMITS: Record<ImageEngine['name'], string[]> = {
  sharp: [],
  jimp: ['the jimp engine converts no colours: CMYK and wide-gamut images come out in wrong ones'],
}
