import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

const TIMEOUT_MS = 120_000
const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))

const program = `
import { createClient, DarkroomError, type ImageStatus, newIdempotencyKey } from '@darkroom/client'

const client = createClient({ url: globalThis.url, credential: async () => 'a-key', stallTimeoutMs: 5000 })
const idempotencyKey: string = newIdempotencyKey()
const { id, contentType } = await client.upload(new Blob(['x']), { idempotencyKey, attributes: { album: 'coast' } })
const image: ImageStatus = await client.waitUntilFinal(id, { timeout: 10_000 })
// @ts-expect-error Not a status: the types are there.
if (image.status === 'unknown') throw new Error()
// @ts-expect-error Not an option.
await client.listImages({ days: 3 }).catch((error) => console.log(error instanceof DarkroomError, error.type))
console.log(id === idempotencyKey, contentType, image.status, image.variants?.[0]?.width)
`

/** Accepts every upload; every image is processed at once. */
const server = createServer(async (request, response) => {
  await request.toArray()
  const { url = '' } = request
  const id = request.headers['idempotency-key'] ?? url.split('ids=')[1]
  if (request.method === 'POST')
    response.writeHead(202).end(JSON.stringify({ id, status: 'queued', contentType: 'image/jpeg' }))
  else if (url.includes('ids='))
    response.end(
      JSON.stringify({ items: [{ id, status: 'processed', variants: [{ width: 320 }] }], notFound: [] }),
    )
  else response.writeHead(404, { 'content-type': 'text/html' }).end('Not found')
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

test(
  'the package is installed into an empty program, which is type-checked and runs',
  async () => {
    const script = join(packageFolder, 'scripts', 'build.ts')
    const { stdout } = await run(process.execPath, ['--experimental-strip-types', script])
    expect(stdout).toMatch(/index\.js: \d+ bytes minified, \d+ of at most 8000 gzipped/)
    expect(stdout).toMatch(/react\.js: \d+ bytes minified, \d+ of at most 2000 gzipped/)

    await run('npm', ['pack', join(packageFolder, 'dist'), '--pack-destination', folder])
    const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
    await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}')
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${archive}`], { cwd: folder })
    expect(await readdir(join(folder, 'node_modules', '@darkroom'))).toEqual(['client'])

    await writeFile(join(folder, 'program.ts'), program)
    await writeFile(join(folder, 'url.d.ts'), 'declare var url: string\n')
    const flags = '--strict --module nodenext --target es2022 --lib es2024,dom --types --skipLibCheck false'
    await run(process.execPath, [tsc, ...flags.split(' '), 'program.ts', 'url.d.ts'], { cwd: folder }).catch(
      (error) => expect(error.stdout).toBeUndefined(),
    )

    const { port } = server.address() as AddressInfo
    const start = `globalThis.url = 'http://127.0.0.1:${port}'; await import('./program.js')`
    const printed = await run(process.execPath, ['--input-type=module', '--eval', start], { cwd: folder })
    expect(printed.stdout).toBe('true unexpected-answer\ntrue image/jpeg processed 320\n')
  },
  TIMEOUT_MS,
)

test('the source map has the sources', async () => {
  const installed = join(folder, 'node_modules', '@darkroom', 'client')
  const map = JSON.parse(await readFile(join(installed, 'index.js.map'), 'utf8'))
  const index = map.sources.findIndex((source: string) => source.endsWith('wait-until-final.ts'))
  expect(map.sourcesContent[index]).toContain('export function createWaits')
  const files = await readdir(installed)
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'index.d.ts', 'index.js']))
})
