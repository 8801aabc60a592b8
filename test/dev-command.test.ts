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

const NO_FOLDER = fileURLToPath(import.meta.url)
/** As on a full disk: the folder is there, and a file in it cannot be written. */
const UNWRITABLE = mkdtempSync(join(tmpdir(), 'darkroom-full-'))
mkdirSync(join(UNWRITABLE, 'dev.lock'))
const FILE_FOR_STATE = mkdtempSync(join(tmpdir(), 'darkroom-file-'))
writeFileSync(join(FILE_FOR_STATE, 'kafka'), 'a file')
const DAMAGED = mkdtempSync(join(tmpdir(), 'darkroom-damaged-'))
mkdirSync(join(DAMAGED, 'aws'))
writeFileSync(join(DAMAGED, 'aws', 'fauxqs.db'), 'a file that is not a database')

const APPS_FILE = join(DAMAGED, 'apps.json')
writeFileSync(APPS_FILE, '{"apps": {},}')

test.each<[string, Record<string, number | string>, string]>([
  [
    'an invalid port',
    { UPLOAD_API_PORT: 99_999 },
    'UPLOAD_API_PORT is "99999", which is not a valid port. Use a number from 1 to 65535.',
  ],
  [
    'one port for two parts',
    { UPLOAD_API_PORT: PORTS.KAFKA_PORT ?? '' },
    `UPLOAD_API_PORT and KAFKA_PORT are both ${PORTS.KAFKA_PORT}. Give each a port of its own.`,
  ],
  ['an unknown engine', { IMAGE_ENGINE: 'magick' }, 'IMAGE_ENGINE is "magick". It must be sharp or jimp.'],
  ['an unknown decoder', { HEIC_DECODER: 'x' }, 'HEIC_DECODER is "x". It must be none or libheif.'],
  [
    'a local folder that is none',
    { LOCAL_DIR: NO_FOLDER },
    `LOCAL_DIR is ${NO_FOLDER}: ${join(NO_FOLDER, 'dev.lock')} cannot be written (ENOTDIR). Set LOCAL_DIR to another folder.`,
  ],
  [
    'a local folder in which nothing can be written',
    { LOCAL_DIR: UNWRITABLE },
    `LOCAL_DIR is ${UNWRITABLE}: ${join(UNWRITABLE, 'dev.lock')} cannot be written (EISDIR). Set LOCAL_DIR to another folder.`,
  ],
  [
    'a local folder with a file instead of a folder for state',
    { LOCAL_DIR: FILE_FOR_STATE },
    `LOCAL_DIR is ${FILE_FOR_STATE}: ${join(FILE_FOR_STATE, 'kafka')}/ cannot be written (ENOTDIR). Set LOCAL_DIR to another folder.`,
  ],
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
  ...(existsSync('/proc')
    ? [
        [
          'a local folder where folders cannot be created',
          { LOCAL_DIR: '/proc/darkroom' },
          'LOCAL_DIR is /proc/darkroom: /proc/darkroom cannot be written (ENOENT). Set LOCAL_DIR to another folder.',
        ] as [string, Record<string, string>, string],
      ]
    : []),
])('refuses %s', async (_, settings, advice) => {
  const child = dev(settings)
  expect(await everything(child)).toContain(`\nDarkroom stopped. ${advice}`)
  expect(child.exitCode).toBe(1)
})

test(
  'starts, prints the endpoints, formats log lines, refuses a second stack and stops on Ctrl-C',
  async () => {
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

test(
  'stops what it has started if the endpoints cannot be written',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'darkroom-endpoints-'))
    mkdirSync(join(folder, 'endpoints.json'))
    const child = dev({ LOCAL_DIR: folder })
    expect(await everything(child)).toMatch(/Darkroom stopped\. .*endpoints\.json/)
    expect(child.exitCode).toBe(1)
  },
  START_TIMEOUT_MS,
)

test('killed while it starts it leaves no process and no bundles behind, and the next start can be interrupted', async () => {
  const killed = dev()
  await sees(killed, /✔ functions built/)
  const services = await hostsOf(killed)
  killed.kill('SIGKILL')
  await allEnd(services)
  expect(services.filter(({ bundles }) => existsSync(bundles))).toEqual([])
  // As if another process had its id since then.
  const lock = join(LOCAL_DIR, 'dev.lock')
  writeFileSync(lock, readFileSync(lock, 'utf8').replace(/^\d+/, String(process.pid)))
  const interrupted = dev()
  const output = everything(interrupted)
  await sees(interrupted, /✔ Kafka/)
  const ended = await hostsOf(interrupted)
  interrupted.kill('SIGINT')
  expect(await output).toMatch(/Stopping …\nStopped\.\n$/)
  expect(interrupted.exitCode).toBe(0)
  await allEnd(ended)
})

test('stops if nobody reads its output any more', async () => {
  const child = dev()
  await sees(child, /✔ Kafka/)
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
