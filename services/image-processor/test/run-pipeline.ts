import './without-log.ts'
import { acceptedTypes, HeicDecoder, ProblemError, type ProblemSlug, type Warning } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import type { Developed } from '../src/development/develop.ts'
import { isolate } from '../src/isolation/isolate.ts'
import { presetOf } from '../src/presets/presets.ts'
import { cpuTimeMs } from './process-figures.ts'

/** The processor's result for some bytes, without S3. */
export interface PipelineResult {
  /** `developed`, or the slug of the refusal. Undefined if it crashed. */
  result?: string
  developed?: Developed
  /** The refusal's text for the owner. */
  detail?: string
  /** An unexpected error, or the end of the engine's process. */
  crash?: unknown
  /** Processor time of the engine where it can be measured, with its start if it was started for this image. */
  milliseconds: number
  /** Whether it took too long. */
  isSlow: boolean
}

/** The result, and the warning of a developed image. */
export type Outcome = ProblemSlug | 'developed' | `developed, ${Warning}`

/** A result in the format of `Outcome`, to compare. */
export function outcomeOf({ result = 'crashed', developed }: PipelineResult): string {
  return [result, ...(developed?.warnings ?? [])].join(', ')
}

export interface Pipeline {
  run(bytes: Uint8Array): Promise<PipelineResult>
  /** Of the current engine process. */
  pid(): number | undefined
  /** Stops the engine process. The next image starts a new one. */
  close(): void
}

/** CPU time where it can be measured, so that a busy machine does not count as slow. */
const MAX_CPU_MS = 8_000

/** Stops endless decoding. Four times the limit of the queue's consumer, because the machine can be busy. */
const MAX_SECONDS = 60

const preset = presetOf('web-app-1')
const PROGRAMS = {
  none: new URL('../src/handlers/process-images-with-sharp.engine.ts', import.meta.url).href,
  libheif: new URL('../src/handlers/process-images-with-sharp-and-libheif.engine.ts', import.meta.url).href,
}

/**
 * The checks and the default engine in its own process, as in the queue's consumer.
 *
 * @param heicDecoder by default that of the variable `HEIC_DECODER`
 */
export function openPipeline(
  heicDecoder = HeicDecoder.default('none').parse(process.env.HEIC_DECODER),
): Pipeline {
  const program = PROGRAMS[heicDecoder]
  const developer = isolate({ name: 'sharp', program, seconds: MAX_SECONDS, megabytes: 480 })
  const run = async (bytes: Uint8Array): Promise<Omit<PipelineResult, 'milliseconds' | 'isSlow'>> => {
    try {
      await inspectImage(bytes, acceptedTypes(heicDecoder))
      return { result: 'developed', developed: await developer.develop(bytes, preset, 'web-app-1') }
    } catch (error) {
      const isRefusal = error instanceof ProblemError && !error.retryable
      if (!isRefusal) return { crash: error }
      const { slug: result, detail, cause } = error
      return { result, detail, ...(isEndOfProcess(cause) && { crash: cause }) }
    }
  }
  return {
    run: async (bytes) => {
      const started = performance.now()
      const before = { pid: developer.pid(), cpuMs: cpuTimeMs(developer.pid()) ?? 0 }
      const result = await run(bytes)
      const elapsedMs = performance.now() - started
      const pid = developer.pid()
      const cpuMs = cpuTimeMs(pid)
      // A new process has processed only this image.
      const milliseconds = cpuMs === undefined ? elapsedMs : cpuMs - (pid === before.pid ? before.cpuMs : 0)
      return { ...result, milliseconds, isSlow: milliseconds > MAX_CPU_MS }
    },
    pid: developer.pid,
    close: developer.stop,
  }
}

/** The owner gets a text even then, but a crashed decoder should be looked at. */
function isEndOfProcess(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'EngineProcessEnded'
}
