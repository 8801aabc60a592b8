import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'

const START_TIMEOUT_MS = 240_000
const STALL_TIMEOUT_MS = 1500
const FILE_BYTES = 4 * 1024 * 1024

type Reply = (request: IncomingMessage, response: ServerResponse) => void

const accept: Reply = (request, response) => {
  const id = request.headers['idempotency-key']
  request.resume().on('end', () => response.writeHead(202).end(JSON.stringify({ id, status: 'queued' })))
}

/** Sends a file with upload progress, which the client does by XMLHttpRequest. */
const program = (url: string) => `
  import { createClient } from '@darkroom/client'
  const client = createClient({ url: '${url}', credential: 'a-key', stallTimeoutMs: ${STALL_TIMEOUT_MS} })
  globalThis.abort = new AbortController()
  globalThis.upload = async () => {
    const sent = []
    const file = new File([new Uint8Array(${FILE_BYTES})], 'photo.png', { type: 'image/png' })
    const options = { onProgress: (progress) => sent.push(progress.sent), signal: abort.signal }
    const { id } = await client.upload(file, options)
    return { id, sent }
  }`

describeWith(BROWSER, 'the client in a page', () => {
  let reply: Reply
  let uploads: IncomingMessage[]
  let browser: Browser
  let page: Page
  let script: string
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      uploads.push(request)
      reply(request, response)
    } else {
      response.setHeader('content-type', request.url === '/page.js' ? 'text/javascript' : 'text/html')
      response.end(request.url === '/page.js' ? script : '<!doctype html><script src="/page.js"></script>')
    }
  })

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const resolveDir = fileURLToPath(new URL('.', import.meta.url))
    const options = { bundle: true, write: false, format: 'iife' } as const
    const built = await build({ stdin: { contents: program(url), resolveDir }, ...options })
    script = built.outputFiles[0]?.text ?? ''
    browser = await openBrowser()
    page = await browser.newPage()
  }, START_TIMEOUT_MS)
  beforeEach(async () => {
    uploads = []
    const { port } = server.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/`)
  })
  afterAll(async () => {
    await browser?.close()
    server.closeAllConnections()
    server.close()
  })

  const upload = () => page.evaluate<{ id: string; sent: number[] }>('upload()')
  const keys = () => uploads.map(({ headers }) => headers['idempotency-key'])

  test('reports progress, and declares no type', async () => {
    reply = accept
    const { id, sent } = await upload()
    expect(keys()).toEqual([id])
    expect(sent.at(-1)).toBe(FILE_BYTES)
    expect(uploads[0]?.headers['content-type']).toBe('application/octet-stream')
  })

  test.each<[string, Reply]>([
    ['stops reading', () => undefined],
    ['never answers', (request) => request.resume()],
    ['breaks the connection', ({ socket }) => socket.destroy()],
    [
      'answers with a login page',
      (request, response) => request.resume().on('end', () => response.end('<p>')),
    ],
  ])('sends again to a server that %s', async (_, misbehave) => {
    reply = (request, response) => (uploads.length === 1 ? misbehave : accept)(request, response)
    const { id } = await upload()
    expect(keys()).toEqual([id, id])
  })

  test('a slow connection is no stall as long as bytes are sent', async () => {
    reply = accept
    const network = await page.context().newCDPSession(page)
    const conditions = { offline: false, latency: 0, downloadThroughput: -1 }
    await network.send('Network.emulateNetworkConditions', {
      ...conditions,
      uploadThroughput: FILE_BYTES / ((3 * STALL_TIMEOUT_MS) / 1000),
    })
    const startedAt = Date.now()
    const { id } = await upload()
    await network.send('Network.emulateNetworkConditions', { ...conditions, uploadThroughput: -1 })
    expect(Date.now() - startedAt).toBeGreaterThan(2 * STALL_TIMEOUT_MS)
    expect(keys()).toEqual([id])
  })

  test('an aborted upload rejects with the reason', async () => {
    let aborted: Promise<void> | undefined
    reply = () => {
      aborted = page.evaluate("abort.abort(new Error('enough'))")
    }
    await expect(upload()).rejects.toThrow('enough')
    expect(uploads).toHaveLength(1)
    await aborted
  })
})
