import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openBrowser } from '@darkroom/testing'
import { BROWSER, describeWith } from '@darkroom/testing/needs'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'

const START_TIMEOUT_MS = 240_000

/** A page as an application would write it. `show(false)` unmounts the component. */
const program = `
  import { StrictMode } from 'react'
  import { createRoot } from 'react-dom/client'
  import { createClient } from '@darkroom/client'
  import { useUploads } from '@darkroom/client/react'

  const client = createClient({ url: location.origin, credential: 'a-key' })

  function Uploads() {
    const { uploads, add, retry, remove } = useUploads(client, { maxConcurrent: 2 })
    return <>
      <input type="file" multiple onChange={({ target }) => add(target.files)} />
      {uploads.map(({ key, name, status, progress, image, problem }) =>
        <article key={key} aria-label={name}>
          <p>{status} {Math.round(progress * 100)} % {image?.variants?.[0].width} {problem?.detail}</p>
          <button onClick={() => retry(key)}>Retry</button>
          <button onClick={() => remove(key)}>Remove</button>
        </article>)}
    </>
  }

  const root = createRoot(document.querySelector('main'))
  globalThis.show = (isShown) => root.render(<StrictMode>{isShown && <Uploads />}</StrictMode>)
  show(true)`

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
}

describeWith(BROWSER, 'useUploads in a page', () => {
  let browser: Browser
  let page: Page
  let script: string
  /** The uploads that have arrived, and what waits for the next one. */
  let arrived: Exchange[]
  let onArrival: (() => void) | undefined
  /** What became of each image. One that is not here is queued. */
  let final: Map<string, object>

  const server = createServer((request, response) => {
    const { url = '' } = request
    if (request.method === 'POST') {
      arrived.push({ request, response })
      onArrival?.()
    } else if (url.includes('ids=')) void answerPoll(url.slice(url.indexOf('ids=') + 4).split(','), response)
    else {
      response.setHeader('content-type', url === '/page.js' ? 'text/javascript' : 'text/html')
      response.end(
        url === '/page.js' ? script : '<!doctype html><main></main><script src="/page.js"></script>',
      )
    }
  })

  function answerPoll(ids: string[], response: ServerResponse) {
    const items = ids.map((id) => ({ id, status: 'queued', ...final.get(id) }))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ items, notFound: [] }))
  }

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const stdin = { contents: program, loader: 'tsx', resolveDir: import.meta.dirname } as const
    const options = { bundle: true, write: false, format: 'iife', jsx: 'automatic' } as const
    const built = await build({ stdin, ...options, define: { 'process.env.NODE_ENV': '"development"' } })
    script = built.outputFiles[0]?.text ?? ''
    browser = await openBrowser()
    page = await browser.newPage()
    page.setDefaultTimeout(60_000)
  }, START_TIMEOUT_MS)
  beforeEach(async () => {
    arrived = []
    final = new Map()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
  afterAll(async () => {
    await browser?.close()
    server.closeAllConnections()
    server.close()
  })

  async function choose(...names: string[]) {
    const files = names.map((name) => ({ name, mimeType: 'image/jpeg', buffer: Buffer.from(name) }))
    await page.locator('input').setInputFiles(files)
  }

  /** The nth upload that arrives. */
  async function upload(index: number): Promise<Exchange & { key: string; name: string | null }> {
    while (!arrived[index]) await new Promise<void>((resolve) => (onArrival = resolve))
    const exchange = arrived[index] as Exchange
    const { headers, url = '' } = exchange.request
    const name = new URL(url, 'http://localhost').searchParams.get('filename')
    return { ...exchange, key: String(headers['idempotency-key']), name }
  }

  const accept = ({ response, key }: { response: ServerResponse; key: string }) =>
    response.writeHead(202).end(JSON.stringify({ id: key, status: 'queued' }))

  function refuse({ response }: Exchange) {
    const problem = { type: 'urn:x:payload-too-large', title: 'Too large', detail: 'Make it smaller.' }
    response.writeHead(413, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ ...problem, status: 413, retryable: false }))
  }

  const frame = (name: string) => page.getByRole('article', { name })
  const sees = (name: string, text: string) => frame(name).getByText(text).waitFor()
  const click = (name: string, button: string) => frame(name).getByRole('button', { name: button }).click()

  test('the queue, progress and status of three files, two at once', async () => {
    await choose('a.jpg', 'b.jpg', 'c.jpg')
    const [a, b] = [await upload(0), await upload(1)]
    expect([a.name, b.name]).toEqual(['a.jpg', 'b.jpg'])
    await sees('a.jpg', 'uploading 100 %')
    await sees('c.jpg', 'waiting 0 %')
    accept(a)
    await sees('a.jpg', 'processing 100 %')
    expect((await upload(2)).name).toBe('c.jpg')
    await sees('c.jpg', 'uploading')
    final.set(a.key, { status: 'processed', variants: [{ width: 320 }] })
    await sees('a.jpg', 'processed 100 % 320')
    await sees('b.jpg', 'uploading')
    expect(arrived).toHaveLength(3)
  })

  test('a failed upload is retried with its key, a failed image as a new one', async () => {
    await choose('a.jpg')
    const first = await upload(0)
    refuse(first)
    await sees('a.jpg', 'failed 100 % Make it smaller.')
    await click('a.jpg', 'Retry')
    const second = await upload(1)
    expect(second.key).toBe(first.key)
    const failure = { type: 'retries-exhausted', title: 'Failed', detail: 'Send it again.', retryable: true }
    final.set(second.key, { status: 'failed', failure })
    accept(second)
    await sees('a.jpg', 'failed 100 % Send it again.')
    await click('a.jpg', 'Retry')
    const third = await upload(2)
    expect(third.key).not.toBe(second.key)
    final.set(third.key, { status: 'processed', variants: [{ width: 320 }] })
    accept(third)
    await sees('a.jpg', 'processed 100 % 320')
  })

  test('removing an upload stops it and starts the next', async () => {
    await choose('a.jpg', 'b.jpg', 'c.jpg')
    const [a] = [await upload(0), await upload(1)]
    const closed = once(a.response, 'close')
    await click('a.jpg', 'Remove')
    await closed
    expect((await upload(2)).name).toBe('c.jpg')
    expect(await page.getByRole('article').count()).toBe(2)
  })

  test('unmounting the component stops its uploads', async () => {
    await choose('a.jpg')
    const { response } = await upload(0)
    const closed = once(response, 'close')
    await page.evaluate('show(false)')
    await closed
    expect(arrived).toHaveLength(1)
  })
})
