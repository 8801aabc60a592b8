import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '@darkroom/local-stack'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { codeBlocks } from '../docs/code-blocks.ts'

const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('../../packages/client/', import.meta.url))
const dist = join(packageFolder, 'dist')
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' }
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='

let folder: string
let archive: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  await run(process.execPath, [join(packageFolder, 'scripts/build.ts')])
  await run('npm', ['pack', dist, '--pack-destination', folder])
  archive = join(folder, (await readdir(folder))[0] ?? '')
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  api.closeAllConnections()
  api.close()
  await rm(folder, { recursive: true })
})

/** Accepts every upload; every image is processed at once. Any page may ask. */
const api = createServer(async (request, response) => {
  await request.toArray()
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', '*, authorization')
  if (request.method === 'OPTIONS') response.end()
  else answer(request, response)
})

function answer({ method, url = '', headers }: IncomingMessage, response: ServerResponse) {
  const id = headers['idempotency-key'] ?? url.split('ids=')[1]
  const image = { id, status: 'processed', srcset: `${PIXEL} 1w`, variants: [{ width: 320 }] }
  if (method === 'POST')
    response.writeHead(202).end(JSON.stringify({ id, status: 'queued', contentType: 'image/jpeg' }))
  else if (url.includes('ids=')) response.end(JSON.stringify({ items: [image], notFound: [] }))
  else response.writeHead(404, { 'content-type': 'text/html' }).end('Not found')
}

const apiUrl = () => `http://127.0.0.1:${(api.address() as AddressInfo).port}`

/** A command that fails shows what it printed. */
async function runIn(cwd: string, command: string, ...args: string[]): Promise<string> {
  try {
    return (await run(command, args, { cwd, env, maxBuffer: 1e8 })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
}

const install = (cwd: string, ...packages: string[]) =>
  runIn(cwd, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages)

test('publint and Are the types wrong find nothing', async () => {
  expect(await runIn(folder, 'npx', '-y', 'publint@0.3', '--strict', archive)).toContain('All good!')
  await runIn(folder, 'npx', '-y', '@arethetypeswrong/cli@0.18', archive, '--profile', 'esm-only')
})

const program = `
import { createClient, DarkroomError, type ImageStatus, newIdempotencyKey } from '@darkroom/client'

const client = createClient({ url: process.argv[2] ?? '', credential: async () => 'a-key', stallTimeoutMs: 5000 })
const idempotencyKey: string = newIdempotencyKey()
const { id, contentType } = await client.upload(new Blob(['x']), { idempotencyKey, attributes: { album: 'coast' } })
const image: ImageStatus = await client.waitUntilFinal(id, { timeout: 10_000 })
// @ts-expect-error Not a status: the types are there.
if (image.status === 'unknown') throw new Error()
// @ts-expect-error Not an option.
await client.listImages({ days: 3 }).catch((error) => console.log(error instanceof DarkroomError, error.type))
console.log(process.version, id === idempotencyKey, contentType, image.status, image.variants?.[0]?.width)
`

test('an empty program is type-checked and runs on Node 20', async () => {
  const app = join(folder, 'program')
  await mkdir(app)
  await writeFile(join(app, 'package.json'), '{"type":"module","private":true}')
  await install(app, archive)
  expect(await readdir(join(app, 'node_modules', '@darkroom'))).toEqual(['client'])
  expect(await readdir(join(app, 'node_modules'))).toEqual(['.package-lock.json', '@darkroom'])
  await install(app, 'typescript@5', '@types/node@20')
  await writeFile(join(app, 'program.ts'), program)
  const flags =
    '--strict --module nodenext --target es2022 --lib es2023,dom --types node --skipLibCheck false'
  await runIn(app, 'npx', 'tsc', ...flags.split(' '), 'program.ts')
  const printed = await runIn(app, 'npx', '-y', 'node@20', 'program.js', apiUrl())
  expect(printed).toMatch(/^true unexpected-answer\nv20\.[\d.]+ true image\/jpeg processed 320\n$/)
})

test('the source maps have the sources', async () => {
  for (const [file, source] of [
    ['index', 'wait-until-final'],
    ['react', 'upload-queue'],
  ]) {
    const map = JSON.parse(await readFile(join(dist, `${file}.js.map`), 'utf8'))
    const index = map.sources.findIndex((name: string) => name.endsWith(`${source}.ts`))
    expect(map.sourcesContent[index]).toContain('export function create')
  }
})

/** Writes the component of docs/guides/react.md, for the server of this test, and a page that has nothing else. */
async function writePage(component: string, page: string): Promise<void> {
  const [code = ''] = await codeBlocks('docs/guides/react.md', 'tsx')
  expect(code).toContain('http://127.0.0.1:4000')
  await writeFile(component, code.replace('http://127.0.0.1:4000', apiUrl()))
  await writeFile(page, "import { Uploads } from './uploads'\n\nexport default Uploads\n")
}

/** Serves a built application, and uploads a file in it. */
async function useApp(app: string, ...serve: string[]): Promise<void> {
  const server = spawn('npx', serve, { cwd: app, env, detached: true })
  const browser = await openBrowser()
  try {
    for await (const line of createInterface({ input: server.stdout })) if (/Local:/.test(line)) break
    const page = await browser.newPage()
    const errors: Error[] = []
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(`http://127.0.0.1:${serve.at(-1)}/`)
    const file = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('x') }
    await page.getByLabel('Images').setInputFiles(file)
    await page.getByText('photo.jpg: processed').waitFor()
    await page.getByRole('img', { name: 'photo.jpg' }).waitFor({ state: 'attached' })
    expect(errors).toEqual([])
  } finally {
    await browser.close()
    if (server.pid) process.kill(-server.pid)
  }
}

describeWith(BROWSER, 'the component of the React guide', () => {
  test('in a new Vite app', async () => {
    const app = join(folder, 'vite-app')
    const template = ['--template', 'react-ts', '--no-interactive']
    await runIn(folder, 'npx', '-y', 'create-vite@9', 'vite-app', ...template)
    await writePage(join(app, 'src/uploads.tsx'), join(app, 'src/App.tsx'))
    await install(app, archive)
    await runIn(app, 'npm', 'run', 'build')
    await useApp(app, 'vite', 'preview', '--host', '127.0.0.1', '--port', String(await freePort()))
  })

  test('in a new Next app', async () => {
    const app = join(folder, 'next-app')
    const template = '--ts --app --empty --no-eslint --no-tailwind --no-src-dir --no-react-compiler --yes'
    const options = [...template.split(' '), '--use-npm', '--skip-install', '--disable-git']
    await runIn(folder, 'npx', '-y', 'create-next-app@16', 'next-app', ...options)
    await writePage(join(app, 'app/uploads.tsx'), join(app, 'app/page.tsx'))
    await install(app, archive)
    await runIn(app, 'npm', 'run', 'build')
    await useApp(app, 'next', 'start', '--hostname', '127.0.0.1', '--port', String(await freePort()))
  })
})
