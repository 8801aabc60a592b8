import { ProblemError } from '@darkroom/core'
import { type Developed, type Developer, EngineDeath } from '../development/develop.ts'
import { logger } from '../logger.ts'
import type { Containment } from './contain.ts'
import { EngineProcessEnded, startEngineProcess } from './engine-process.ts'
import { type Reply, type Request, readReply } from './request.ts'
import { soundPictureLike } from './sound-pictures.ts'

/** An engine and what it may use for one image. */
export interface Isolation {
  name: Developer['name']
  /** The file URL of the program that serves the engine. */
  program: string
  seconds: number
  /** Of private memory. */
  megabytes: number
  /** Develops nothing where the engine's process cannot be contained. */
  requireContainment?: boolean
}

/** Develops in an engine's process. */
export interface IsolatedDeveloper extends Developer {
  /** Of the current process. */
  pid(): number | undefined
  /** Ends the process; without it, it ends with this one. */
  stop(): void
}

/**
 * Develops in a process of its own, which is started at once and reused. If it dies or exceeds its limits, a fresh process
 * develops a sound picture of the same type: if it cannot, the engine is broken; if it can, this is evidence against the
 * image. A process that was killed or kept from running is no evidence, and the image is tried once more.
 */
export function isolate({
  name,
  program,
  seconds,
  megabytes,
  requireContainment = false,
}: Isolation): IsolatedDeveloper {
  const limits = { milliseconds: seconds * 1000, bytes: megabytes * 1e6 }
  let engine = start()

  function start() {
    const started = startEngineProcess(program)
    started.ready().catch(() => {}) // reported when it is used
    return started
  }
  let isReported = false
  function requireContained(containment: Containment): void {
    if (containment.contained) return
    const { reason } = containment
    if (requireContainment) throw new Error(`the image engine cannot be contained: ${reason}`)
    if (!isReported) logger.warn('the image engine is not contained', { reason })
    isReported = true
  }
  async function ask(request: Request, milliseconds = limits.milliseconds): Promise<Reply> {
    if (!engine.alive) engine = start()
    requireContained(await engine.ready())
    try {
      return await engine.ask(request, { ...limits, milliseconds })
    } catch (error) {
      engine.stop()
      engine = start()
      throw error
    }
  }
  async function developOnce(request: Request, milliseconds?: number): Promise<Developed> {
    try {
      return readReply(await ask(request, milliseconds))
    } catch (error) {
      if (!(error instanceof EngineProcessEnded)) throw error
      logger.warn('the engine process ended during an image', { error, stderr: error.stderr })
      const problem = problemOf(error, { seconds, megabytes })
      if (!problem) throw error
      readReply(await ask({ ...request, original: soundPictureLike(request.original) }))
      throw new EngineDeath(problem)
    }
  }
  return {
    name,
    pid: () => engine.pid,
    stop: () => engine.stop(),
    async develop(original, preset) {
      const began = performance.now()
      try {
        return await developOnce({ original, preset })
      } catch (error) {
        if (!(error instanceof EngineProcessEnded) || error.reason !== 'killed') throw error
        const leftMs = limits.milliseconds - (performance.now() - began)
        return await developOnce({ original, preset }, Math.max(1, leftMs))
      }
    },
  }
}

/** The reason for the image's owner, if the image may be at fault. */
function problemOf(
  cause: EngineProcessEnded,
  { seconds, megabytes }: Pick<Isolation, 'seconds' | 'megabytes'>,
): ProblemError | undefined {
  switch (cause.reason) {
    case 'stalled':
    case 'killed':
      return undefined
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
