import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { getPriority, setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import koffi from 'koffi'
import { startEngineProcess } from '../engine-process.ts'
import { ATTEMPTS, type Control, type Surroundings } from './attempts.ts'

/** What became of each attempt: `succeeds`, or the error that it got. */
export type Outcomes = Map<string, string>

const LIMITS = { milliseconds: 60_000, bytes: 1e9 }

/** Makes every attempt in an engine's process, contained without one of the controls. */
export async function tryAttempts(surroundings: Surroundings, without?: Control): Promise<Outcomes> {
  const folder = await mkdtemp(join(tmpdir(), 'hostile-'))
  const program = join(folder, 'engine.mjs')
  const engine = new URL('hostile-engine.ts', import.meta.url).href
  await writeFile(
    program,
    `import { serveHostileEngine } from ${JSON.stringify(engine)}
await serveHostileEngine(${JSON.stringify(without)})`,
  )
  const hostile = startEngineProcess(pathToFileURL(program).href)
  try {
    await hostile.ready()
    const outcomes: Outcomes = new Map()
    for (const [index, { what }] of ATTEMPTS.entries()) {
      const original = Buffer.from(JSON.stringify({ index, surroundings }))
      const reply = await hostile.ask({ original, preset: { version: 1, variants: [] } }, LIMITS)
      outcomes.set(what, 'error' in reply ? (reply.error as Error).message : 'answered')
    }
    return outcomes
  } finally {
    hostile.stop()
    await rm(folder, { recursive: true })
  }
}

/** Everything that hostile code could want, in this process and beside it. */
export async function withSurroundings<Result>(
  run: (surroundings: Surroundings) => Promise<Result>,
): Promise<Result> {
  const secret = 'credentials of the main process'
  const inMemory = Buffer.from(secret)
  const folder = await mkdtemp(join(tmpdir(), 'surroundings-'))
  const file = join(folder, 'others')
  await writeFile(file, 'of another program')
  // A connection that nobody reads stays open after its end, and keeps this process running.
  const server = createServer((accepted) => accepted.resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = createConnection({ host: '127.0.0.1', port })
  await once(connection, 'connect')
  const priority = getPriority()
  beTraceable()
  try {
    return await run({
      parent: process.pid,
      secret,
      address: String(koffi.address(inMemory)),
      port,
      connection: inheritable(connection),
      file,
    })
  } finally {
    setPriority(priority)
    connection.destroy()
    server.close()
    await rm(folder, { recursive: true })
  }
}

const PR_SET_PTRACER = 0x59_61_6d_61

/** Where Yama protects processes from their children, as on Ubuntu, this one lets them in. Elsewhere it has no effect. */
function beTraceable(): void {
  const prctl = koffi.load('libc.so.6').func('int prctl(int option, long value)')
  prctl(PR_SET_PTRACER, -1)
}

const F_SETFD = 2

/** As a library leaves it that opens a socket without `SOCK_CLOEXEC`. @returns its descriptor */
function inheritable(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } }
  const fcntl = koffi.load('libc.so.6').func('int fcntl(int fd, int command, int value)')
  fcntl(handle.fd, F_SETFD, 0)
  return handle.fd
}

/** What is in docs/security.md. */
export function tableOf(outcomes: Outcomes): string {
  const rows = ATTEMPTS.map(({ what, control = '' }) => `| ${what} | ${outcomes.get(what)} | ${control} |`)
  return ['| hostile code tries | and gets | refused by |', '| --- | --- | --- |', ...rows].join('\n')
}
