import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
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
let apps: ReturnType<typeof buildApps>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  await run(process.execPath, [join(packageFolder, 'scripts/build.ts')])
  await run('npm', ['pack', dist, '--pack-destination', folder])
  archive = join(folder, (await readdir(folder))[0] ?? '')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  apps = buildApps(await guideComponent())
  // A failure is that of the test that awaits it.
  void Promise.allSettled(Object.values(apps))
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

/** The files of a built application. Under `/v1` it accepts every upload, and every image is processed at once. */
const server = createServer(async (request, response) => {
  await request.toArray()
  if (request.url?.startsWith('/v1/')) answer(request, response)
  else await sendFile(request.url === '/' ? '/index.html' : String(request.url), response)
})

let site = ''
const contentTypes: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }

async function sendFile(path: string, response: ServerResponse) {
  const bytes = await readFile(join(site, path)).catch(() => undefined)
  if (!bytes) response.writeHead(404).end()
  else
    response.setHeader('content-type', contentTypes[extname(path)] ?? 'application/octet-stream').end(bytes)
}

function answer({ method, url = '', headers }: IncomingMessage, response: ServerResponse) {
  const id = headers['idempotency-key'] ?? url.split('ids=')[1]
  const image = { id, status: 'processed', srcset: `${PIXEL} 1w`, variants: [{ width: 320 }] }
  if (method === 'POST')
    response.writeHead(202).end(JSON.stringify({ id, status: 'queued', contentType: 'image/jpeg' }))
  else if (url.includes('ids=')) response.end(JSON.stringify({ items: [image], notFound: [] }))
  else response.writeHead(404, { 'content-type': 'text/html' }).end('Not found')
}

const serverUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** A command that fails shows what it printed. It has no input, so that it cannot wait for an answer. */
async function runIn(cwd: string, command: string, ...args: string[]): Promise<string> {
  const running = run(command, args, { cwd, env, maxBuffer: 1e8 })
  running.child.stdin?.end()
  try {
    return (await running).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`)
  }
}

/** The component of docs/guides/react.md, for the server of this test. */
async function guideComponent(): Promise<string> {
  const [code = ''] = await codeBlocks('docs/guides/react.md', 'tsx')
  expect(code).toContain('http://127.0.0.1:4000')
  return code.replace('http://127.0.0.1:4000', serverUrl())
}

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

const entry = `import { createRoot } from 'react-dom/client'
import { Uploads } from './uploads'

createRoot(document.body.appendChild(document.createElement('div'))).render(<Uploads />)
`

const page = "import { Uploads } from './uploads'\n\nexport default Uploads\n"

const layout = `import type { ReactNode } from 'react'

export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>
}
`

/** Three new applications, installed and built at the same time: most of it waits for the registry. */
function buildApps(uploads: string) {
  return {
    program: newApp(
      'program',
      ['typescript@5', '@types/node@20'],
      { 'program.ts': program },
      'tsc --strict --module nodenext --target es2022 --lib es2023,dom --types node --skipLibCheck false program.ts',
    ),
    vite: newApp(
      'vite-app',
      ['react@19', 'react-dom@19', 'vite@8'],
      {
        'index.html':
          '<!doctype html><title>Uploads</title><body><script type="module" src="/main.tsx"></script>',
        'tsconfig.json': '{"compilerOptions":{"jsx":"react-jsx"}}',
        'main.tsx': entry,
        'uploads.tsx': uploads,
      },
      'vite build',
    ),
    next: newApp(
      'next-app',
      ['react@19', 'react-dom@19', 'next@16', 'typescript@5', '@types/node@20', '@types/react@19'],
      {
        'next.config.mjs': "export default { output: 'export' }",
        'app/layout.tsx': layout,
        'app/page.tsx': page,
        'app/uploads.tsx': uploads,
      },
      'next build',
    ),
  }
}

/** A new application with these packages and files, built by this command. */
async function newApp(
  name: string,
  packages: string[],
  files: Record<string, string>,
  build: string,
): Promise<string> {
  const app = join(folder, name)
  for (const [file, text] of Object.entries({
    'package.json': '{"type":"module","private":true}',
    ...files,
  })) {
    await mkdir(dirname(join(app, file)), { recursive: true })
    await writeFile(join(app, file), text)
  }
  const flags = ['--prefer-offline', '--no-audit', '--no-fund']
  await runIn(app, 'npm', 'install', ...flags, archive, ...packages)
  await runIn(app, 'npx', ...build.split(' '))
  return app
}

test('publint and Are the types wrong find nothing', async () => {
  expect(await runIn(folder, 'npx', '-y', 'publint@0.3', '--strict', archive)).toContain('All good!')
  await runIn(folder, 'npx', '-y', '@arethetypeswrong/cli@0.18', archive, '--profile', 'esm-only')
})

test('an empty program is type-checked and runs on Node 20', async () => {
  const app = await apps.program
  const printed = await runIn(app, 'npx', '-y', 'node@20', 'program.js', serverUrl())
  expect(printed).toMatch(/^true unexpected-answer\nv20\.[\d.]+ true image\/jpeg processed 320\n$/)
  const manifest = await readFile(join(app, 'node_modules/@darkroom/client/package.json'), 'utf8')
  expect(JSON.parse(manifest)).not.toHaveProperty('dependencies')
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

/** Opens a built application, and uploads a file in it. */
async function useApp(built: string): Promise<void> {
  site = built
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    const errors: Error[] = []
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(serverUrl())
    const file = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('x') }
    await page.getByLabel('Images').setInputFiles(file)
    await page.getByText('photo.jpg: processed').waitFor()
    await page.getByRole('img', { name: 'photo.jpg' }).waitFor({ state: 'attached' })
    expect(errors).toEqual([])
  } finally {
    await browser.close()
  }
}

describeWith(BROWSER, 'the component of the React guide', () => {
  test('in a new Vite app', async () => {
    await useApp(join(await apps.vite, 'dist'))
  })

  // `next build` also checks types, and renders the page in Node.
  test('in a new Next app', async () => {
    await useApp(join(await apps.next, 'out'))
  })
})
