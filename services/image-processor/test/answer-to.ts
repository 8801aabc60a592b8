import { ProblemError, presetFor } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-header'
import { type Developed, develop } from '../src/develop.ts'
import { sharpEngine } from '../src/engines/sharp-engine.ts'
import { presetConfiguration } from '../src/preset-configuration.ts'

/** What the processor makes of bytes, whatever they are, without S3. */
export interface Answer {
  /** `developed`, or the slug of the refusal; undefined where there was no answer. */
  result?: string
  developed?: Developed
  /** Why it was refused, for its owner. */
  detail?: string
  /** What is no answer at all: a mistake of ours. */
  crash?: unknown
  milliseconds: number
}

/** Longer than that is no answer either. */
export const SLOWEST_ALLOWED = 5_000

const preset = presetFor(presetConfiguration, 'web-app-1')

/** The checks and the default engine, as `processImage` has them. */
export async function answerTo(bytes: Uint8Array): Promise<Answer> {
  const began = performance.now()
  const took = () => ({ milliseconds: performance.now() - began })
  try {
    await inspectImage(bytes)
    const developed = await develop(sharpEngine, bytes, preset)
    return { result: 'developed', developed, ...took() }
  } catch (error) {
    const isAnswer = error instanceof ProblemError && !error.retryable
    return isAnswer ? { result: error.slug, detail: error.detail, ...took() } : { crash: error, ...took() }
  }
}
