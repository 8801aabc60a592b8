import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type AppOptions, connectClient } from './connect-client.ts'

const environment = { ...process.env }
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-api-'))
  delete process.env.DARKROOM_URL
  delete process.env.DARKROOM_KEY
  process.env.LOCAL_DIR = folder
})
afterEach(async () => {
  process.env = { ...environment }
  await rm(folder, { recursive: true })
})

/** Writes the file that a running `pnpm dev` writes. Nothing listens at this address. */
async function startLocalStack(): Promise<void> {
  const apps = { 'web-app-1': { apiKey: 'one' }, 'web-app-2': { apiKey: 'two' } }
  await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ uploadApi: 'http://127.0.0.1:1', apps }))
}

test('a stack that was killed is not running', async () => {
  await startLocalStack()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await writeFile(join(folder, 'dev.lock'), `${process.pid} ${port}`)
  expect(await connectClient({})).toMatchObject({ label: expect.stringContaining('local stack') })
  server.close()
  await once(server, 'close')
  await expect(connectClient({})).rejects.toThrow('The local stack is not running. Start it with: pnpm dev')
})

const URL = 'https://images.example.com'
const DEPLOYMENT = { DARKROOM_URL: URL, DARKROOM_KEY: 'key' }

test.each<[string, AppOptions, NodeJS.ProcessEnv, boolean, string]>([
  ['--url', { url: URL }, { DARKROOM_KEY: 'key' }, false, URL],
  ['--url while a local stack runs', { url: URL }, DEPLOYMENT, true, URL],
  ['DARKROOM_URL', {}, DEPLOYMENT, false, URL],
  ['nothing while a local stack runs', {}, {}, true, 'local stack at http://127.0.0.1:1 as web-app-1'],
  ['--app', { app: 'web-app-2' }, DEPLOYMENT, true, 'local stack at http://127.0.0.1:1 as web-app-2'],
])('an API named by %s is used', async (_, options, variables, isRunning, label) => {
  Object.assign(process.env, variables)
  if (isRunning) await startLocalStack()
  expect(await connectClient(options)).toMatchObject({ label })
})

test.each<[string, AppOptions, NodeJS.ProcessEnv, boolean, string]>([
  ['no stack runs', {}, {}, false, 'pnpm dev'],
  ['there is no key', { url: URL }, {}, false, 'Set DARKROOM_KEY'],
  ['the address is none', { url: 'images' }, { DARKROOM_KEY: 'key' }, false, 'https://images.example.com'],
  ['the address is of another protocol', { url: 's3://b' }, { DARKROOM_KEY: 'key' }, false, 'not an address'],
  ['both are named', { url: URL, app: 'web-app-1' }, DEPLOYMENT, true, '--app is for the local stack'],
  ['a stack runs beside DARKROOM_URL', {}, DEPLOYMENT, true, '--url URL or --app APP'],
  ['the app is unknown', { app: 'web-app-3' }, {}, true, 'Its apps: web-app-1, web-app-2.'],
])('it says what to do if %s', async (_, options, variables, isRunning, advice) => {
  Object.assign(process.env, variables)
  if (isRunning) await startLocalStack()
  await expect(connectClient(options)).rejects.toThrow(advice)
})
