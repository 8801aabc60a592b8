import type { Preset } from '@darkroom/core'
import type { ImageEngine } from '../engines/image-engine.ts'
import { type Developed, develop } from './develop.ts'

/** Whatever develops an original, be it in this process or in another. */
export interface Developer {
  /** Of the engine within. */
  readonly name: ImageEngine['name']
  /** @throws ProblemError, not retryable, if the image is at fault; any other error lies with us */
  develop(original: Uint8Array, preset: Preset): Promise<Developed>
}

/** Without a process of its own: whatever an image does to the decoder, it does to the caller. */
export function developHere(engine: ImageEngine): Developer {
  return { name: engine.name, develop: (original, preset) => develop(engine, original, preset) }
}
