import './without-log.ts'
import {
  acceptedTypes,
  HeicDecoder,
  ProblemError,
  type ProblemSlug,
  presetFor,
  type Warning,
} from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import type { Developed } from '../src/development/develop.ts'
import { isolate } from '../src/isolation/isolate.ts'
import { presetConfiguration } from '../src/presets/preset-configuration.ts'
import { processorTime } from './process-figures.ts'

/** What the processor makes of bytes, whatever they are, without S3. */
export interface Answer {
  /** `developed`, or the slug of the refusal; undefined where there was no answer. */
  result?: string
  developed?: Developed
  /** Why it was refused, for its owner. */
  detail?: string
  /** What is no answer at all: a mistake of ours, or the end of the engine's process. */
  crash?: unknown
  milliseconds: number
  /** Longer than that is no answer either. */
  isSlow: boolean
}

/** In short: what became of it, and what was odd about it if it was developed. */
export type Outcome = ProblemSlug | 'developed' | `developed, ${Warning}`

/** Of an answer, to compare. */
export function outcomeOf({ result = 'no answer', developed }: Answer): string {
  return [result, ...(developed?.warnings ?? [])].join(', ')
}

export interface Answers {
  to(bytes: Uint8Array): Promise<Answer>
  /** Of the engine's process that is there now. */
  pid(): number | undefined
  /** The next image meets a fresh process. */
  close(): void
}

/** Milliseconds of processor time where that can be told, so that a busy machine makes nothing slow. */
const SLOWEST_ALLOWED = 5_000

/** For what never ends. Four times what the queue's consumer grants, as the machine may be busy with other things. */
const SECONDS = 60

const preset = presetFor(presetConfiguration, 'web-app-1')
const PROGRAMS = {
  none: new URL('../src/handlers/process-images-with-sharp.ts', import.meta.url).href,
  libheif: new URL('../src/handlers/process-images-with-sharp-and-libheif.ts', import.meta.url).href,
}

/**
 * The checks and the default engine in a process of its own, as the queue's consumer has them; with a decoder for HEIC
 * where `HEIC_DECODER` names one.
 */
export function openAnswers(): Answers {
  const heicDecoder = HeicDecoder.default('none').parse(process.env.HEIC_DECODER)
  const program = PROGRAMS[heicDecoder]
  const developer = isolate({ name: 'sharp', program, seconds: SECONDS, megabytes: 480 })
  const answerTo = async (bytes: Uint8Array): Promise<Omit<Answer, 'milliseconds' | 'isSlow'>> => {
    try {
      await inspectImage(bytes, acceptedTypes(heicDecoder))
      return { result: 'developed', developed: await developer.develop(bytes, preset) }
    } catch (error) {
      const isAnswer = error instanceof ProblemError && !error.retryable
      if (!isAnswer) return { crash: error }
      const { slug: result, detail, cause } = error
      return { result, detail, ...(isEndOfProcess(cause) && { crash: cause }) }
    }
  }
  return {
    to: async (bytes) => {
      const began = performance.now()
      const before = { pid: developer.pid(), worked: processorTime(developer.pid()) ?? 0 }
      const answer = await answerTo(bytes)
      const milliseconds = performance.now() - began
      const pid = developer.pid()
      const worked = processorTime(pid)
      // A fresh process has worked for nothing else.
      const spent = worked === undefined ? milliseconds : worked - (pid === before.pid ? before.worked : 0)
      return { ...answer, milliseconds, isSlow: spent > SLOWEST_ALLOWED }
    },
    pid: developer.pid,
    close: developer.stop,
  }
}

/** It was contained, and its owner has an answer; but a decoder that dies is worth a look. */
function isEndOfProcess(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'EngineProcessEnded'
}
