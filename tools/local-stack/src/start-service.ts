import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from './ports.ts'
import { repositoryRoot } from './repository-root.ts'

const endWithParent = new URL('./end-with-parent.ts', import.meta.url).href
const serverlessCommand = createRequire(import.meta.url).resolve('serverless/bin/serverless.js')

/** In data-flow order. */
export const SERVICES = ['upload-api', 'kafka-bridge', 'image-processor', 'analytics-catalog'] as const
export type ServiceName = (typeof SERVICES)[number]

/** A service that runs with `serverless offline`. */
export interface RunningService {
  /** Resolves when the process has exited, for any reason. */
  exited: Promise<void>
  pid: number | undefined
  stop(): Promise<void>
}

export interface ServiceOptions {
  name: ServiceName
  environment: Record<string, string>
  httpPort?: number
  /** Runs the handlers where a debugger on `INSPECT_PORT` reaches them, without timeouts. */
  inspect?: boolean
  /** Ends a start. */
  signal?: AbortSignal | undefined
  /** Called with each line of output after the service is ready. */
  onLine: (line: string) => void
}

const OFFLINE = ['offline', '--stage', 'local', '--noSponsor', '--host', '127.0.0.1']

/** Where `.vscode/launch.json` attaches; Node's own default. */
export const INSPECT_PORT = 9229

/** Time to stop before the process is killed. */
const STOP_TIMEOUT_MS = 10_000

/**
 * Starts a service in its own process and waits until its functions and event sources are ready.
 *
 * @throws Error with the service's output if it exits before it is ready
 */
export async function startService({
  name,
  environment,
  httpPort,
  inspect = false,
  signal,
  onLine,
}: ServiceOptions): Promise<RunningService> {
  const ports = [
    '--httpPort',
    String(httpPort ?? (await freePort())),
    '--lambdaPort',
    String(await freePort()),
  ]
  const cwd = join(repositoryRoot, 'services', name)
  const workFolder = `stack-${randomUUID()}`
  const child = fork(
    serverlessCommand,
    [...OFFLINE, ...ports, ...(inspect ? ['--useInProcess', '--noTimeout'] : [])],
    {
      cwd,
      execArgv: [
        ...process.execArgv,
        `--import=${endWithParent}`,
        ...(inspect ? [`--inspect=127.0.0.1:${INSPECT_PORT}`] : []),
      ],
      // Its own build folder, because other stacks may run at the same time.
      env: { ...process.env, ...environment, ESBUILD_WORK_FOLDER: workFolder },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  const exited = once(child, 'exit').then(() =>
    rm(join(cwd, '.esbuild', workFolder), { recursive: true, force: true }),
  )
  const startup: string[] = []
  let ready = false
  const takeLine = (line: string) => (ready ? onLine(line) : startup.push(line))
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', takeLine)
  }
  const kill = () => child.kill('SIGKILL')
  signal?.addEventListener('abort', kill)
  await Promise.race([isReady(child), exited])
  signal?.removeEventListener('abort', kill)
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`${name} did not start:\n${startup.join('\n')}`)
  }
  ready = true
  return { exited, pid: child.pid, stop: () => stop(child, exited) }
}

function isReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('message', (message: { type?: string }) => message.type === 'ready' && resolve())
  })
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await exited
  clearTimeout(timer)
}
