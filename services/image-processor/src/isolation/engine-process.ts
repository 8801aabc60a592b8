import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { inheritedDescriptors, startOthersWithoutIoUring } from './contain.ts'
import { privateMemory, watchProcessorTime } from './process-usage.ts'
import type { Ready, Reply, Request } from './request.ts'

/** An argument of each engine's process, by which it is found among others. */
export const ENGINE_PROCESS = 'engine-process'

/** An engine in a process of its own, which may crash without harming anything else. */
export interface EngineProcess {
  /** False once it has ended. */
  readonly alive: boolean
  readonly pid: number | undefined
  /** @throws Error if its engine cannot be loaded, or is not loaded in time, which is our fault */
  ready(milliseconds?: number): Promise<Ready>
  /**
   * One request at a time. A process that exceeds the limits is killed.
   *
   * @throws EngineProcessEnded
   */
  ask(request: Request, limits: Limits): Promise<Reply>
  /** Gets no processor time until it is resumed. */
  pause(): void
  resume(): void
  stop(): void
}

/** What one request may use. */
interface Limits {
  milliseconds: number
  /** Of private memory, see `privateMemory`. */
  bytes: number
  /** Of its time that a slow request must have run, see `MIN_RUNNING_SHARE`. */
  minRunningShare?: number | undefined
}

/** An engine's process ended during a request. */
export class EngineProcessEnded extends Error {
  override name = 'EngineProcessEnded'
  /**
   * `stalled`: it was too slow, but hardly ran: it was stopped, or the machine was busy with others. `killed`: somebody else
   * ended it. Neither says anything about the image.
   */
  readonly reason: 'too-slow' | 'stalled' | 'too-much-memory' | 'died' | 'killed'

  /** The end of its standard error. */
  readonly stderr: string

  constructor(reason: EngineProcessEnded['reason'], how: string, stderr: string) {
    super(`the engine's process ended (${reason}): ${how}`)
    this.reason = reason
    this.stderr = stderr
  }
}

/**
 * How long an image waits for a process that starts. Loading takes a third of a second; this long only on a very busy machine.
 * The process goes on: another one would have to begin again, and on such a machine none would ever be ready.
 */
const READY_TIMEOUT_MS = 20_000
/** A process that is not ready by then hangs. */
const START_TIMEOUT_MS = 300_000
/** How often memory is checked. A decoder can allocate 50 MB in between. */
const MEMORY_INTERVAL_MS = 20
/**
 * A slow request that ran for a smaller share of its time was kept from running, which is not the image's fault. The largest
 * accepted images need a third of the time.
 */
const MIN_RUNNING_SHARE = 0.4
/** Signals that a process gets from others. A decoder that crashes gets SIGSEGV, SIGABRT, SIGBUS, SIGILL or SIGFPE. */
const SIGNALS_OF_OTHERS = new Set<unknown>(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'])

startOthersWithoutIoUring()

/**
 * Starts `program`, a file URL, as an engine's process. Its environment has only what it needs: a decoder must not
 * see credentials. It does not keep this process alive, and ends with it. NODE_COMPILE_CACHE is set by tests and by the local stack.
 */
export function startEngineProcess(program: string): EngineProcess {
  const { LD_LIBRARY_PATH, NODE_COMPILE_CACHE } = process.env
  const child = fork(fileURLToPath(program), [ENGINE_PROCESS, inheritedDescriptors().join()], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A small young generation: what V8 would otherwise keep for new objects is 20 MB of the process's peak.
    execArgv: ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'],
    env: {
      MALLOC_ARENA_MAX: '1',
      ...(LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH }),
      ...(NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE }),
    },
  })
  child.unref()
  child.channel?.unref()
  const stderr = keepStderr(child)
  endWithThisProcess(child)
  const ready = readiness(child, stderr)
  const isAlive = () => child.exitCode === null && child.signalCode === null && !child.killed
  return {
    get alive() {
      return isAlive()
    },
    pid: child.pid,
    ready: (milliseconds = READY_TIMEOUT_MS) => inTime(ready, milliseconds),
    ask: async (request, limits) => {
      if (!isAlive()) throw new EngineProcessEnded('killed', 'before the request', stderr())
      return ask(child, stderr, request, limits)
    },
    // Not by the child's own method, which would count as its end.
    pause: () => signal(child, 'SIGSTOP'),
    resume: () => signal(child, 'SIGCONT'),
    stop: () => child.kill('SIGKILL'),
  }
}

function signal({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(pid, name)
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function endWithThisProcess(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

/** Enough to explain a crash. */
const MAX_STDERR_CHARACTERS = 2_000

function keepStderr(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (more) => {
    tail = (tail + more).slice(-MAX_STDERR_CHARACTERS)
  })
  ;(child.stderr as Socket | null)?.unref()
  return () => tail.trim()
}

async function readiness(child: ChildProcess, stderr: () => string): Promise<Ready> {
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS)
  try {
    return await nextMessage<Ready>(
      child,
      (how) => new Error(`the engine's process did not start: ${how} ${stderr()}`),
    )
  } finally {
    clearTimeout(timer)
  }
}

async function inTime(ready: Promise<Ready>, milliseconds: number): Promise<Ready> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const message = `the engine's process did not start within ${milliseconds} ms; it goes on`
  const timer = setTimeout(() => reject(new Error(message)), milliseconds)
  try {
    return await Promise.race([ready, late])
  } finally {
    clearTimeout(timer)
  }
}

async function ask(
  child: ChildProcess,
  stderr: () => string,
  request: Request,
  { milliseconds, bytes, minRunningShare = MIN_RUNNING_SHARE }: Limits,
): Promise<Reply> {
  let reason: EngineProcessEnded['reason'] | undefined
  const end = (why: typeof reason) => {
    reason = why
    child.kill('SIGKILL')
  }
  const processorTime = watchProcessorTime(child.pid ?? 0)
  const timer = setTimeout(() => {
    const ranMs = processorTime() ?? milliseconds
    end(ranMs < milliseconds * minRunningShare ? 'stalled' : 'too-slow')
  }, milliseconds)
  const memoryTimer = setInterval(() => {
    if ((privateMemory(child.pid ?? 0) ?? 0) > bytes) end('too-much-memory')
  }, MEMORY_INTERVAL_MS)
  try {
    // If the process is gone, its end is reported below.
    child.send(request, () => {})
    return await nextMessage<Reply>(child, (how) => {
      const why = reason ?? (SIGNALS_OF_OTHERS.has(how) ? 'killed' : 'died')
      return new EngineProcessEnded(why, how, stderr())
    })
  } finally {
    clearTimeout(timer)
    clearInterval(memoryTimer)
  }
}

/** @throws what `toError` makes of the process's end */
async function nextMessage<Message>(child: ChildProcess, toError: (how: string) => Error): Promise<Message> {
  const settled = new AbortController()
  const { signal } = settled
  // The child alone does not keep this process alive, also while the end of one that was killed is awaited.
  const keepAlive = setInterval(() => {}, 1_000)
  const end = once(child, 'close', { signal }).then(([code, killedBy]) => {
    throw toError(killedBy ?? `exit code ${code}`)
  })
  const [message] = await Promise.race([once(child, 'message', { signal }), end]).finally(() => {
    clearInterval(keepAlive)
    settled.abort()
  })
  return message
}
