import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createClient } from './index.ts'
import { page } from './page.ts'
import { serve, type TestServer } from './testing/serve.ts'
import { pass, settled, useVirtualTime } from './testing/virtual-time.ts'

/** Longer than the pause of a visible page, shorter than that of a hidden one. */
const OBSERVED_MS = 9_000

let server: TestServer
let requests: number
const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator')

/** The image is ready at the second poll. */
function answer(url: string, response: ServerResponse) {
  requests++
  const id = url.slice(url.indexOf('ids=') + 4)
  const status = requests === 1 ? 'queued' : 'processed'
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ items: [{ id, status }], notFound: [] }))
}

beforeEach(async () => {
  useVirtualTime()
  requests = 0
  server = await serve(({ url = '' }, response) => answer(url, response))
})
afterEach(() => {
  jest.useRealTimers()
  delete page.document
  if (navigator) Object.defineProperty(globalThis, 'navigator', navigator)
  server.stop()
})

test('a hidden page polls once and then pauses until it is shown', async () => {
  const document = Object.assign(new EventTarget(), { hidden: true })
  page.document = document
  const waiting = createClient({ url: server.url, credential: 'a-key' }).waitUntilFinal('an-image')
  await once(server.server, 'request')
  await pass(OBSERVED_MS)
  expect(requests).toBe(1)
  document.hidden = false
  document.dispatchEvent(new Event('visibilitychange'))
  await expect(settled(waiting)).resolves.toMatchObject({ status: 'processed' })
})

test('an offline page sends nothing until it is online', async () => {
  const document = Object.assign(new EventTarget(), { hidden: false })
  page.document = document
  const state = { onLine: false }
  Object.defineProperty(globalThis, 'navigator', { value: state, configurable: true })
  const waiting = createClient({ url: server.url, credential: 'a-key' }).waitUntilFinal('an-image')
  await pass(OBSERVED_MS)
  expect(requests).toBe(0)
  state.onLine = true
  document.dispatchEvent(new Event('visibilitychange'))
  await expect(settled(waiting)).resolves.toMatchObject({ status: 'processed' })
})
