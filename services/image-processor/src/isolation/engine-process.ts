import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Answer, Request } from './request.ts'
import { takenMemory } from './taken-memory.ts'
import { watchWaiting } from './waited-for-processor.ts'

/** The argument by which a program knows that it is to be an engine's process. */
export const ENGINE_PROCESS = 'engine-process'

/** An engine in a process of its own, which can be lost without losing anything else. */
export interface EngineProcess {
  /** False once it has ended. */
  readonly alive: boolean
  /** Of the operating system. */
  readonly pid: number | undefined
  /** @throws Error if its engine cannot be loaded, which is nobody's fault but ours */
  ready(): Promise<void>
  /**
   * One request at a time. Whatever exceeds its limits is killed.
   *
   * @throws EngineProcessEnded
   */
  ask(request: Request, limits: Limits): Promise<Answer>
  stop(): void
}

/** What a request may take. */
interface Limits {
  milliseconds: number
  /** Of memory that the process takes for itself, see `takenMemory`. */
  bytes: number
}

/** An engine's process ended over a request. */
export class EngineProcessEnded extends Error {
  override name = 'EngineProcessEnded'
  /** `starved`: it was too slow because the machine hardly let it run. */
  readonly reason: 'too-slow' | 'starved' | 'too-much-memory' | 'died'

  /** The end of what it wrote to its standard error. */
  readonly lastWords: string

  constructor(reason: EngineProcessEnded['reason'], how: string, lastWords: string) {
    super(`the engine's process ended (${reason}): ${how}`)
    this.reason = reason
    this.lastWords = lastWords
  }
}

/** Loading takes a third of a second; this long only where the machine has no time at all. */
const READY_WITHIN = 20_000
/** Between two looks at the memory. A decoder can take 50 MB meanwhile. */
const LOOK_EVERY = 20
/**
 * The share of its time that it has to be kept from running for its slowness to be the machine's fault. What ran for the
 * other half would have ended if it were sound.
 */
const STARVED = 1 / 2

/**
 * Starts `program`, a file URL, as an engine's process. It gets no environment but what it needs: credentials are none
 * of a decoder's business. Nothing waits for it: the process that started it may end at any time, and it ends as well.
 */
export function startEngineProcess(program: string): EngineProcess {
  const { LD_LIBRARY_PATH } = process.env
  const child = fork(fileURLToPath(program), [ENGINE_PROCESS], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A small young generation: what V8 would otherwise keep for new objects is 20 MB of the process's peak.
    execArgv: ['--enable-source-maps', '--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'],
    env: { MALLOC_ARENA_MAX: '1', ...(LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH }) },
  })
  child.unref()
  child.channel?.unref()
  const lastWords = keepLastWords(child)
  endWithThisProcess(child)
  const ready = readiness(child, lastWords)
  const isAlive = () => child.exitCode === null && child.signalCode === null && !child.killed
  return {
    get alive() {
      return isAlive()
    },
    pid: child.pid,
    ready: () => ready,
    ask: async (request, limits) => {
      if (!isAlive()) throw new EngineProcessEnded('died', 'before the request', lastWords())
      return ask(child, lastWords, request, limits)
    },
    stop: () => child.kill('SIGKILL'),
  }
}

function endWithThisProcess(child: ChildProcess): void {
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}

/** Enough of what it writes to tell what a crash was about. */
const LAST_WORDS = 2_000

function keepLastWords(child: ChildProcess): () => string {
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (more) => {
    words = (words + more).slice(-LAST_WORDS)
  })
  ;(child.stderr as Socket | null)?.unref()
  return () => words.trim()
}

async function readiness(child: ChildProcess, lastWords: () => string): Promise<void> {
  const clock = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN)
  try {
    await nextMessage(child, (how) => new Error(`the engine's process did not start: ${how} ${lastWords()}`))
  } finally {
    clearTimeout(clock)
  }
}

async function ask(
  child: ChildProcess,
  lastWords: () => string,
  request: Request,
  { milliseconds, bytes }: Limits,
): Promise<Answer> {
  let reason: EngineProcessEnded['reason'] = 'died'
  const end = (why: typeof reason) => {
    reason = why
    child.kill('SIGKILL')
  }
  const waited = watchWaiting(child.pid ?? 0)
  const clock = setTimeout(
    () => end(waited() > milliseconds * STARVED ? 'starved' : 'too-slow'),
    milliseconds,
  )
  const scales = setInterval(() => {
    if ((takenMemory(child.pid ?? 0) ?? 0) > bytes) end('too-much-memory')
  }, LOOK_EVERY)
  try {
    // What cannot be sent because the process is gone shows in its end.
    child.send(request, () => {})
    return await nextMessage<Answer>(child, (how) => new EngineProcessEnded(reason, how, lastWords()))
  } finally {
    clearTimeout(clock)
    clearInterval(scales)
  }
}

/** @throws what `toError` makes of the process's end */
async function nextMessage<Message>(child: ChildProcess, toError: (how: string) => Error): Promise<Message> {
  const settled = new AbortController()
  const { signal } = settled
  const end = once(child, 'close', { signal }).then(([code, killedBy]) => {
    throw toError(killedBy ?? `exit code ${code}`)
  })
  const [message] = await Promise.race([once(child, 'message', { signal }), end]).finally(() =>
    settled.abort(),
  )
  return message
}
