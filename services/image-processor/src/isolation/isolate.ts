import { ProblemError } from '@darkroom/core'
import type { Developer } from '../development/developer.ts'
import { logger } from '../logger.ts'
import { EngineProcessEnded, startEngineProcess } from './engine-process.ts'
import { readAnswer } from './request.ts'

/** An engine and what it may take for one image. */
export interface Isolation {
  name: Developer['name']
  /** The file URL of the program that serves the engine. */
  program: string
  seconds: number
  /** Of memory that the engine's process takes for itself. */
  megabytes: number
}

/** A developer that holds a process. */
export interface IsolatedDeveloper extends Developer {
  /** Of the process that is there now. */
  pid(): number | undefined
  /** Ends the process; without it, it ends with this one. */
  stop(): void
}

/**
 * Develops in a process of its own, which is started at once and kept for the images to come. An image that takes too
 * long fails. One that takes too much memory, or brings the process down, is tried once more in a fresh process before
 * it is held against the image: what was there before it may have been the cause. One that takes too long because the
 * machine has no time for it is not at fault either, and worth another try later.
 */
export function isolate({ name, program, seconds, megabytes }: Isolation): IsolatedDeveloper {
  let engine = startEngineProcess(program)
  engine.ready().catch(() => {}) // told to whoever wants to use it
  const limits = { seconds, megabytes }
  return {
    name,
    pid: () => engine.pid,
    stop: () => engine.stop(),
    async develop(original, preset) {
      let milliseconds = seconds * 1000
      for (let attempt = 1; ; attempt++) {
        if (!engine.alive) engine = startEngineProcess(program)
        await engine.ready()
        const began = performance.now()
        try {
          return readAnswer(await engine.ask({ original, preset }, { milliseconds, bytes: megabytes * 1e6 }))
        } catch (error) {
          if (!(error instanceof EngineProcessEnded)) throw error
          logger.warn('the engine process ended over an image', {
            attempt,
            error,
            lastWords: error.lastWords,
          })
          engine = startEngineProcess(program)
          engine.ready().catch(() => {})
          milliseconds = Math.max(1, milliseconds - (performance.now() - began))
          const outOfTime = error.reason === 'too-slow' || error.reason === 'starved'
          if (attempt === 2 || outOfTime) throw blame(error, limits)
        }
      }
    },
  }
}

/** For the owner of the image, where it is at fault. */
function blame(cause: EngineProcessEnded, { seconds, megabytes }: Pick<Isolation, 'seconds' | 'megabytes'>) {
  switch (cause.reason) {
    case 'starved':
      return cause
    case 'too-slow':
      return new ProblemError(
        'corrupt-image',
        `The image could not be decoded within ${seconds} seconds. Save it again with an image editor and upload the new file.`,
        { cause },
      )
    case 'too-much-memory':
      return new ProblemError(
        'image-too-large',
        `Decoding the image needs more than ${megabytes} MB of memory. Upload a smaller one.`,
        { cause },
      )
    case 'died':
      return new ProblemError(
        'corrupt-image',
        'The image crashes the decoder. Save it again with an image editor and upload the new file.',
        { cause },
      )
  }
}
