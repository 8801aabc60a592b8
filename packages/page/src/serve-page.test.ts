import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import Fastify, { type FastifyInstance } from 'fastify'
import { refreshPage, servePage } from './serve-page.ts'

const HTML = `<link rel="icon" href="icon.svg"><link rel="stylesheet" href="page.css">
<script type="module" src="page.tsx"></script><a href="https://example.com/page.css">x</a>`

let folder: string
let server: FastifyInstance
let url: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-page-'))
  await mkdir(join(folder, 'source'))
  await write('index.html', HTML)
  await write('icon.svg', '<svg/>')
  await write('page.css', '@import "./other.css"; b { color: red }')
  await write('other.css', 'i { color: blue }')
  await write('page.tsx', `document.title = '${'long '.repeat(1000)}'`)
  await start()
})

afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** A minute ago, so before any build. */
async function write(name: string, text: string, seconds = Date.now() / 1000 - 60) {
  await writeFile(join(folder, 'source', name), text)
  await utimes(join(folder, 'source', name), seconds, seconds)
}

async function start() {
  await server?.close()
  server = Fastify()
  await servePage(server, join(folder, 'source'))
  url = await server.listen({ port: 0, host: '127.0.0.1' })
}

/** `fetch` always sends Accept-Encoding and decompresses; this does neither. */
function get(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      const sent = request(url + path, { headers }, async (response) => {
        const body = Buffer.concat(await response.toArray())
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
      sent.on('error', reject).end()
    },
  )
}

async function builtNames(): Promise<string[]> {
  const { body } = await get('/')
  return [...body.toString().matchAll(/(?:src|href)="([^":]+)"/g)].map(([, name = '']) => name)
}

test('names every file of the page by its content, to be cached for ever', async () => {
  const names = await builtNames()
  expect(names).toEqual([
    expect.stringMatching(/^icon-[A-Z0-9]{8}\.svg$/),
    expect.stringMatching(/^page-[A-Z0-9]{8}\.css$/),
    expect.stringMatching(/^page-[A-Z0-9]{8}\.js$/),
  ])
  const types = ['image/svg+xml', 'text/css; charset=utf-8', 'application/javascript; charset=utf-8']
  for (const [n, name] of names.entries()) {
    const { status, headers } = await get(`/${name}`)
    expect([status, headers['content-type']]).toEqual([200, types[n]])
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
  }
  expect((await get(`/${names[1]}`)).body.toString()).toBe('i{color:#00f}b{color:red}\n')
})

test.each([
  ['br, gzip', 'br', brotliDecompressSync],
  ['gzip, deflate', 'gzip', gunzipSync],
  ['br;q=0, gzip', 'gzip', gunzipSync],
  ['identity', undefined, (body: Buffer) => body],
])('answers Accept-Encoding: %s with %s', async (accepted, encoding, decompress) => {
  const script = (await builtNames()).at(-1)
  for (const path of ['/', `/${script}`]) {
    const plain = await get(path)
    const { headers, body } = await get(path, { 'accept-encoding': accepted })
    expect(headers['content-encoding']).toBe(encoding)
    expect(headers['content-type']).toBe(plain.headers['content-type'])
    expect(headers['cache-control']).toBe(plain.headers['cache-control'])
    expect(headers.vary).toMatch(/accept-encoding/i)
    expect(decompress(body).equals(plain.body)).toBe(true)
    if (encoding && path !== '/') expect(body.length).toBeLessThan(plain.body.length / 10)
  }
})

test('revalidates index.html, which keeps its ETag until it changes', async () => {
  const headers = { 'accept-encoding': 'br' }
  const first = await get('/', headers)
  expect(first.headers['cache-control']).toBe('no-cache')
  const known = { ...headers, 'if-none-match': String(first.headers.etag) }
  await refreshPage(join(folder, 'source'))
  expect((await get('/', known)).status).toBe(304)
  const before = await builtNames()
  await write('page.tsx', "document.title = 'other'")
  await refreshPage(join(folder, 'source'))
  const changed = await get('/', known)
  expect(changed.status).toBe(200)
  const after = await builtNames()
  expect(brotliDecompressSync(changed.body).toString()).toContain(after[2])
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2))
  expect(after[2]).not.toBe(before[2])
  // A page that was loaded before still finds its script.
  expect((await get(`/${before[2]}`)).status).toBe(200)
})

test('sends the new files after a refresh, and the last good ones after an error', async () => {
  const [, , before] = await builtNames()
  await write('page.tsx', "document.title = 'refreshed'")
  await refreshPage(join(folder, 'source'))
  const page = await get('/', { 'accept-encoding': 'br' })
  const [, , after] = await builtNames()
  expect(after).not.toBe(before)
  expect(brotliDecompressSync(page.body).toString()).toContain(after)
  await write('page.tsx', 'const = 1')
  await expect(refreshPage(join(folder, 'source'))).rejects.toThrow(/page\.tsx:1:6/)
  await write('page.tsx', '')
  await write('other.css', 'p {{ ; }')
  await expect(refreshPage(join(folder, 'source'))).rejects.toThrow(/other\.css:1:\d+/)
  expect((await get(`/${after}`)).body.toString()).toContain('refreshed')
})

test('a page is built again by another process only if something has changed', async () => {
  // A build replaces what it would not have written.
  const mark = () => appendFile(join(folder, 'dist', 'index.html'), '<!-- kept -->')
  const startElsewhere = async (process: number) => {
    const { servePage } = await import(`./serve-page.ts?${process}`)
    await server.close()
    server = Fastify()
    await servePage(server, join(folder, 'source'))
    url = await server.listen({ port: 0, host: '127.0.0.1' })
    return (await get('/')).body.toString()
  }
  await mark()
  expect(await startElsewhere(1)).toContain('kept')
  await write('other.css', 'i { color: green }')
  expect(await startElsewhere(2)).not.toContain('kept')
  expect((await get(`/${(await builtNames())[1]}`)).body.toString()).toContain('green')
  await mark()
  expect(await startElsewhere(3)).toContain('kept')
  await rm(join(folder, 'dist', String((await builtNames())[2])))
  expect(await startElsewhere(4)).not.toContain('kept')
  // An edit while the page is built: who knows what the build has read?
  await write('other.css', 'i { color: red }', Date.now() / 1000 + 60)
  await startElsewhere(5)
  await mark()
  expect(await startElsewhere(6)).not.toContain('kept')
})

test('fails with the position of an error in the source', async () => {
  const other = join(folder, 'other')
  await mkdir(other)
  await writeFile(join(other, 'index.html'), HTML)
  for (const name of ['icon.svg', 'page.css']) await writeFile(join(other, name), '')
  await writeFile(join(other, 'page.tsx'), 'const = 1')
  await expect(servePage(Fastify(), other)).rejects.toThrow(/page\.tsx:1:6: ERROR/)
})

test('a connection that sends its request slowly is ended', () => {
  const { headersTimeout, requestTimeout } = server.server
  expect([headersTimeout, requestTimeout]).toEqual([15_000, 300_000])
})
