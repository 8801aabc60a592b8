import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { formatLogLine, parseLogEntry } from './format-log-line.ts'
import type { FromHost, HostedServiceOptions, ToHost } from './host/host-messages.ts'
import { freePort } from './ports.ts'
import { repositoryRoot } from './repository-root.ts'

const hostProgram = fileURLToPath(new URL('./host/host.ts', import.meta.url))
/** For `NODE_COMPILE_CACHE`. */
export const compileCacheFolder = join(repositoryRoot, 'node_modules', '.cache', 'compiled')

/** In data-flow order. */
export const SERVICES = ['upload-api', 'kafka-bridge', 'image-processor', 'analytics-catalog'] as const
export type ServiceName = (typeof SERVICES)[number]

/** A process that runs services. */
export interface RunningServices {
  /** Resolves when the process has exited, for any reason. */
  exited: Promise<void>
  pid: number | undefined
  stop(): Promise<void>
}

export interface ServicesOptions {
  services: readonly ServiceName[]
  environment: Record<string, string>
  /** The port of upload-api. Default: a free one. */
  httpPort?: number
  /** Runs this service's handlers where a debugger on `INSPECT_PORT` reaches them, without timeouts. */
  inspect?: ServiceName | undefined
  /** Ends a start. */
  signal?: AbortSignal | undefined
  /** Starts S3, SQS and Kafka while the process loads. Default: they run already. */
  startStores?: () => Promise<void>
  /** Called with each step that is done for all services, and with the name of each service that is ready. */
  onReady?: (part: string) => void
  /** Called with each line of output. */
  onLine: (service: string, line: string) => void
}

/** Where `.vscode/launch.json` attaches; Node's own default. */
export const INSPECT_PORT = 9229

/** Against garbage that V8 would keep: decision 0034. package.json has the same for the process of `pnpm dev`. */
const SMALL_HEAP = ['--max-semi-space-size=4', '--heap-growing-percent=50']

/** Time to stop before the process is killed. */
const STOP_TIMEOUT_MS = 10_000

/**
 * Starts services in one process and waits until their functions and event sources are ready. A service has its own
 * worker threads and environment, as with `serverless offline`.
 *
 * @throws Error with the output if the process exits before that, or the error of `startStores`
 */
export async function startServices(options: ServicesOptions): Promise<RunningServices> {
  const { services, environment, signal, startStores = async () => {} } = options
  signal?.throwIfAborted()
  // Its own folder, because other stacks may run at the same time.
  const bundles = join(repositoryRoot, '.esbuild', `stack-${randomUUID()}`)
  const child = fork(hostProgram, [JSON.stringify(await toHost(options)), bundles], {
    execArgv: [
      ...process.execArgv,
      ...SMALL_HEAP,
      ...(options.inspect ? [`--inspect=127.0.0.1:${INSPECT_PORT}`] : []),
    ],
    env: {
      NODE_COMPILE_CACHE: compileCacheFolder,
      // By default glibc keeps a heap for each thread.
      MALLOC_ARENA_MAX: '2',
      ...process.env,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const exited = once(child, 'exit').then(() => rm(bundles, { recursive: true, force: true }))
  const lastLines = followOutput(child, options)
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  const ready = allReady(child, options)
  let mistake: string | undefined
  child.on('message', (message: FromHost) => {
    if (message.type === 'mistake') mistake = message.description
  })
  try {
    await startStores()
  } catch (error) {
    kill()
    await exited
    throw error
  }
  // Fails if the process has exited, which is reported below.
  child.send({ type: 'stores-ready' } satisfies ToHost, () => {})
  await Promise.race([ready, exited])
  signal?.removeEventListener('abort', kill)
  if (child.exitCode !== null || child.signalCode !== null) {
    // Its last message can come after its end.
    if (child.connected) await once(child, 'disconnect')
    throw new Error(mistake ?? `${services.join(', ')} did not start:\n${lastLines.join('\n')}`)
  }
  return { exited, pid: child.pid, stop: () => stop(child, exited) }
}

function toHost({ services, httpPort, inspect }: ServicesOptions): Promise<HostedServiceOptions[]> {
  return Promise.all(
    services.map(async (name) => ({
      name,
      httpPort: name === 'upload-api' && httpPort ? httpPort : await freePort(),
      inspect: name === inspect,
    })),
  )
}

function followOutput(child: ChildProcess, { services, onLine }: ServicesOptions): string[] {
  const lastLines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      const service = String(parseLogEntry(line)?.service ?? services[0])
      lastLines.push(formatLogLine(service, line) ?? '')
      if (lastLines.length > 50) lastLines.shift()
      onLine(service, line)
    })
  }
  return lastLines
}

function allReady(child: ChildProcess, { services, onReady }: ServicesOptions): Promise<void> {
  const waiting = new Set<string>(services)
  return new Promise((resolve) => {
    child.on('message', (message: FromHost) => {
      if (message.type === 'done') return onReady?.(message.step)
      if (message.type !== 'ready' || !waiting.delete(message.name)) return
      onReady?.(message.name)
      if (waiting.size === 0) resolve()
    })
  })
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
}
