import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePorts, portVariables } from '@darkroom/local-stack'
import { expect, test } from '@jest/globals'

const START_TIMEOUT_MS = 240_000
const LOCAL_DIR = mkdtempSync(join(tmpdir(), 'darkroom-dev-'))
const endpointsFile = join(LOCAL_DIR, 'endpoints.json')
/** Not the default ones: `pnpm dev` may run beside the tests. */
const PORTS = portVariables(await freePorts())
const command = fileURLToPath(new URL('../tools/local-stack/src/dev.ts', import.meta.url))

function dev(settings: Record<string, number | string> = {}, ...options: string[]): ChildProcess {
  const environment = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, String(value)]),
  )
  return spawn(process.execPath, [command, ...options], {
    env: { ...process.env, ...PORTS, LOCAL_DIR, ...environment, NO_COLOR: '1' },
  })
}

async function everything(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => chunks.push(chunk))
  await once(child, 'close')
  return Buffer.concat(chunks).toString()
}

/** Resolves with the first line that matches. */
function sees({ stdout }: ChildProcess, pattern: RegExp): Promise<void> {
  const lines = createInterface({ input: stdout ?? process.stdin })
  return new Promise((resolve) => lines.on('line', (line) => pattern.test(line) && resolve()))
}

test('explains itself', async () => {
  const child = dev({}, '--help')
  expect(await everything(child)).toMatch(/^pnpm dev \[--clean\] .*\n\n.* until Ctrl-C\.\n/)
  expect(child.exitCode).toBe(0)
})

test('says which port is in use and what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const child = dev({ UPLOAD_API_PORT: port })
  expect(await everything(child)).toMatch(new RegExp(`Port ${port} is in use.*set UPLOAD_API_PORT`))
  expect(child.exitCode).toBe(1)
  other.close()
})

const DAMAGED = mkdtempSync(join(tmpdir(), 'darkroom-damaged-'))
mkdirSync(join(DAMAGED, 'aws'))
writeFileSync(join(DAMAGED, 'aws', 'fauxqs.db'), 'a file that is not a database')

const APPS_FILE = join(DAMAGED, 'apps.json')
writeFileSync(APPS_FILE, '{"apps": {},}')

test.each<[string, Record<string, string>, string]>([
  [
    'a local folder with a damaged database',
    { LOCAL_DIR: DAMAGED },
    `What is stored in ${join(DAMAGED, 'aws')} cannot be used (file is not a database). Set LOCAL_DIR to another folder, or delete everything in it: pnpm dev --clean`,
  ],
  [
    'a mistake in the configuration of the apps',
    { APPS_FILE },
    `The configuration of the apps in ${APPS_FILE} cannot be used.\n✖ `,
  ],
  [
    'a configuration of the apps that does not exist',
    { APPS_FILE: 'nowhere.json' },
    'The configuration of the apps in nowhere.json cannot be used.\n✖ There is no such file. Set APPS_FILE to another one.\n',
  ],
])('refuses %s', async (_, settings, advice) => {
  const child = dev(settings)
  expect(await everything(child)).toContain(`\nDarkroom stopped. ${advice}`)
  expect(child.exitCode).toBe(1)
})

test('killed while it starts it leaves no process and no bundles behind', async () => {
  const killed = dev()
  await sees(killed, /✔ functions built/)
  const services = await hostsOf(killed)
  killed.kill('SIGKILL')
  await allEnd(services)
  expect(services.filter(({ bundles }) => existsSync(bundles))).toEqual([])
})

test(
  'starts in the folder of one that was killed, prints the endpoints, formats log lines, refuses a second stack and stops on Ctrl-C',
  async () => {
    // As if another process had the killed one's id since then.
    const lock = join(LOCAL_DIR, 'dev.lock')
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(/^\d+/, String(process.pid)))
    const child = dev({}, '--verbose')
    const output = everything(child)
    await sees(child, /Press Ctrl-C to stop/)
    expect(existsSync(endpointsFile)).toBe(true)
    const logged = sees(child, /upload-api +GET \/v1\/health 200/)
    await fetch(`http://127.0.0.1:${PORTS.UPLOAD_API_PORT}/v1/health`)
    await logged
    const second = dev()
    expect(await everything(second)).toContain(
      `Another local stack, process ${child.pid} on http://127.0.0.1:${PORTS.UPLOAD_API_PORT}, uses ${LOCAL_DIR}. Stop it, or set LOCAL_DIR`,
    )
    child.kill('SIGINT')
    expect(await output).toContain('Stopping')
    expect(child.exitCode).toBe(0)
    expect(existsSync(endpointsFile)).toBe(false)
  },
  START_TIMEOUT_MS,
)

test('stops on Ctrl-C while it starts', async () => {
  const child = dev()
  const output = everything(child)
  await sees(child, /✔ S3 and SQS/)
  const hosts = await hostsOf(child)
  child.kill('SIGINT')
  expect(await output).toMatch(/Stopping …\nStopped\.\n$/)
  expect(child.exitCode).toBe(0)
  await allEnd(hosts)
})

test('stops if nobody reads its output any more', async () => {
  const child = dev()
  await sees(child, /✔ S3 and SQS/)
  child.stdout?.destroy()
  const [errors] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')])
  expect(errors).not.toContain('Error')
  expect(child.exitCode).toBe(0)
})

interface Host {
  pid: number
  /** The folder of its bundles. */
  bundles: string
}

/** The processes that host the services of a stack, once there is one. */
async function hostsOf({ pid }: ChildProcess): Promise<Host[]> {
  while (true) {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args='])
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
    const own = rows.filter(([, parent, ...args]) => Number(parent) === pid && /host\.ts/.test(args.join()))
    if (own.length > 0) return own.map((row) => ({ pid: Number(row[0]), bundles: row.at(-1) ?? '' }))
    await setTimeout(50)
  }
}

async function allEnd(hosts: Host[]): Promise<void> {
  while (hosts.some(({ pid }) => isRunning(pid))) await setTimeout(50)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
