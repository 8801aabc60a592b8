import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '@darkroom/local-stack'
import { expect, test } from '@jest/globals'

const START_TIMEOUT_MS = 90_000
const LOCAL_DIR = mkdtempSync(join(tmpdir(), 'darkroom-dev-'))
const endpointsFile = join(LOCAL_DIR, 'endpoints.json')
const command = fileURLToPath(new URL('../tools/local-stack/src/dev.ts', import.meta.url))

async function dev(ports: Record<string, number>): Promise<ChildProcess> {
  const environment = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]))
  return spawn(process.execPath, [command], { env: { ...process.env, LOCAL_DIR, ...environment } })
}

async function everything(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => chunks.push(chunk))
  await once(child, 'close')
  return Buffer.concat(chunks).toString()
}

test('says which port is in use and what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const child = await dev({ UPLOAD_API_PORT: port, AWS_PORT: await freePort() })
  expect(await everything(child)).toMatch(new RegExp(`Port ${port} is in use.*set UPLOAD_API_PORT`))
  expect(child.exitCode).toBe(1)
  other.close()
})

test('rejects an invalid port', async () => {
  const child = await dev({ UPLOAD_API_PORT: 99_999 })
  expect(await everything(child)).toContain('UPLOAD_API_PORT is "99999", which is not a valid port')
  expect(child.exitCode).toBe(1)
})

test(
  'starts, prints the endpoints, formats log lines and stops on Ctrl-C',
  async () => {
    const ports = { UPLOAD_API_PORT: await freePort(), AWS_PORT: await freePort() }
    const child = await dev(ports)
    const output = everything(child)
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    const sees = (pattern: RegExp) =>
      new Promise<void>((resolve) => lines.on('line', (line) => pattern.test(line) && resolve()))
    await sees(/Press Ctrl-C to stop/)
    expect(existsSync(endpointsFile)).toBe(true)
    const logged = sees(/upload-api +GET \/v1\/health 200/)
    await fetch(`http://127.0.0.1:${ports.UPLOAD_API_PORT}/v1/health`)
    await logged
    child.kill('SIGINT')
    expect(await output).toContain('Stopping')
    expect(child.exitCode).toBe(0)
    expect(existsSync(endpointsFile)).toBe(false)
  },
  START_TIMEOUT_MS,
)
