import { type AppId, ProblemError } from '@darkroom/core'
import type { Developed, Developer } from '../development/develop.ts'
import { EngineDeath } from '../development/engine-death.ts'
import { logger } from '../logger.ts'
import type { Containment } from './contain.ts'
import { type EngineProcess, EngineProcessEnded, startEngineProcess } from './engine-process.ts'
import { privateMemory } from './process-usage.ts'
import { InvalidReply, type Request, readReply } from './request.ts'
import { soundPictureLike } from './sound-pictures.ts'

/** An engine and what it may use for one image. */
export interface Isolation {
  name: Developer['name']
  /** The file URL of the program that serves the engine. */
  program: string
  seconds: number
  /** Of private memory. */
  megabytes: number
  /** For which an image waits if the engine's process is still starting. Default: 20 seconds. */
  startMilliseconds?: number
  /** Of its time that a slow image must have run to be blamed for it. */
  minRunningShare?: number
  /** Of private memory, for the paused processes of other apps together. One that has seen an app's images gets no other app's. */
  pausedMegabytes?: number
  /** Develops nothing where the engine's process cannot be contained. */
  requireContainment?: boolean
  /** Called for each image that meets a process that is not contained. */
  onNotContained?: () => void
}

/** Develops in an engine's process. */
export interface IsolatedDeveloper extends Developer {
  /** Of the current process. */
  pid(): number | undefined
  /** Ends the process; without it, it ends with this one. */
  stop(): void
}

/** Of a paused process, where the system does not tell its memory. */
const ASSUMED_BYTES = 100e6

/**
 * Develops in a process of its own, which is started at once and reused for the same app. If it dies or exceeds its limits, a fresh process
 * develops a sound picture of the same type: if it cannot, the engine is broken; if it can, this is evidence against the
 * image. A process that was killed or kept from running is no evidence, and the image is tried once more.
 */
export function isolate({
  name,
  program,
  seconds,
  megabytes,
  startMilliseconds,
  minRunningShare,
  pausedMegabytes = 0,
  requireContainment = false,
  onNotContained = () => {},
}: Isolation): IsolatedDeveloper {
  const limits = { milliseconds: seconds * 1000, bytes: megabytes * 1e6, minRunningShare }
  /** Processes that have seen images, by app, the one that was used last at the end. The others are paused, so they do not grow. */
  const used = new Map<AppId, EngineProcess>()
  /** One that has seen none. */
  let unused: EngineProcess | undefined = start()

  function start() {
    const started = startEngineProcess(program)
    started.ready().catch(() => {}) // reported when it is used
    return started
  }
  function engineFor(app: AppId): EngineProcess {
    const [last, lastUsed] = [...used].at(-1) ?? []
    if (last === app && lastUsed?.alive) return lastUsed
    lastUsed?.pause()
    const own = used.get(app)
    used.delete(app)
    endWhatDoesNotFit()
    const engine = own?.alive ? own : firstUse()
    engine.resume()
    used.set(app, engine)
    return engine
  }
  /** At random: of apps that come in turn, the one that has waited longest is the next. */
  function endWhatDoesNotFit(): void {
    const paused = [...used].map(([app, { pid }]) => ({
      app,
      bytes: privateMemory(pid ?? 0) ?? ASSUMED_BYTES,
    }))
    let bytes = paused.reduce((sum, process) => sum + process.bytes, 0)
    while (bytes > pausedMegabytes * 1e6) {
      const [ended] = paused.splice(Math.floor(Math.random() * paused.length), 1)
      if (!ended) return
      used.get(ended.app)?.stop()
      used.delete(ended.app)
      bytes -= ended.bytes
    }
  }
  function firstUse(): EngineProcess {
    const engine = unused?.alive ? unused : start()
    unused = undefined
    return engine
  }
  let isLogged = false
  function requireContained(containment: Containment): void {
    if (containment.contained) return
    const { reason } = containment
    onNotContained()
    if (!isLogged) logger.warn('the image engine is not contained', { reason })
    isLogged = true
    if (requireContainment) throw new Error(`the image engine cannot be contained: ${reason}`)
  }
  /** A process whose reply no engine gives is ended, like one that dies. */
  async function ask(app: AppId, request: Request, milliseconds = limits.milliseconds): Promise<Developed> {
    const engine = engineFor(app)
    requireContained(await engine.ready(startMilliseconds))
    try {
      const reply = await engine.ask(request, { ...limits, milliseconds })
      // Ready for the next app before its image comes, while this image's variants are stored.
      if (used.size > 1 && !unused?.alive) unused = start()
      return readReply(reply, request)
    } catch (error) {
      if (!(error instanceof EngineProcessEnded || error instanceof InvalidReply)) throw error
      engine.stop()
      used.delete(app)
      if (!unused?.alive) unused = start()
      throw error
    }
  }
  async function developOnce(app: AppId, request: Request, milliseconds?: number): Promise<Developed> {
    try {
      return await ask(app, request, milliseconds)
    } catch (error) {
      if (!(error instanceof EngineProcessEnded)) throw error
      logger.warn('the engine process ended during an image', { error, stderr: error.stderr })
      const problem = problemOf(error, { seconds, megabytes })
      if (!problem) throw error
      await ask(app, { ...request, original: soundPictureLike(request.original) })
      throw new EngineDeath(problem)
    }
  }
  return {
    name,
    pid: () => ([...used.values()].at(-1) ?? unused)?.pid,
    stop: () => {
      for (const engine of used.values()) engine.stop()
      unused?.stop()
    },
    async develop(original, preset, app) {
      const began = performance.now()
      try {
        return await developOnce(app, { original, preset })
      } catch (error) {
        if (!(error instanceof EngineProcessEnded) || error.reason !== 'killed') throw error
        const leftMs = limits.milliseconds - (performance.now() - began)
        return await developOnce(app, { original, preset }, Math.max(1, leftMs))
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
