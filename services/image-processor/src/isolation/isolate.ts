import { ProblemError } from '@darkroom/core'
import type { Developer } from '../development/develop.ts'
import { logger } from '../logger.ts'
import { EngineProcessEnded, startEngineProcess } from './engine-process.ts'
import { readReply } from './request.ts'

/** An engine and what it may use for one image. */
export interface Isolation {
  name: Developer['name']
  /** The file URL of the program that serves the engine. */
  program: string
  seconds: number
  /** Of private memory. */
  megabytes: number
}

/** Develops in an engine's process. */
export interface IsolatedDeveloper extends Developer {
  /** Of the current process. */
  pid(): number | undefined
  /** Ends the process; without it, it ends with this one. */
  stop(): void
}

/**
 * Develops in a process of its own, which is started at once and reused. An image that takes too long fails. One that takes
 * too much memory, or crashes the process, is tried once more in a fresh process before the image is blamed, as an earlier
 * image may have been the cause. One that is slow because the machine is busy is not at fault, and is retried later.
 */
export function isolate({ name, program, seconds, megabytes }: Isolation): IsolatedDeveloper {
  let engine = startEngineProcess(program)
  engine.ready().catch(() => {}) // reported when it is used
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
          return readReply(await engine.ask({ original, preset }, { milliseconds, bytes: megabytes * 1e6 }))
        } catch (error) {
          if (!(error instanceof EngineProcessEnded)) throw error
          logger.warn('the engine process ended during an image', {
            attempt,
            error,
            stderr: error.stderr,
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

/** The reason for the image's owner, unless the machine is at fault. */
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
