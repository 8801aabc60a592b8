import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createClient } from './index.ts'
import { serve, type TestServer } from './testing/serve.ts'

type Reply = (request: IncomingMessage, response: ServerResponse) => void

let reply: Reply
let requests: IncomingMessage[]
let server: TestServer

beforeEach(async () => {
  requests = []
  server = await serve((request, response) => {
    requests.push(request)
    reply(request, response)
  })
})
afterEach(() => server.stop())

const openClient = (stallTimeoutMs?: number) =>
  createClient({
    url: server.url,
    credential: 'a-key',
    stallTimeoutMs,
  })
const accept: Reply = (request, response) =>
  request
    .resume()
    .on('end', () => response.writeHead(202).end(JSON.stringify({ id: request.headers['idempotency-key'] })))

test.each<[string, Reply]>([
  ['never answers', (request) => request.resume()],
  ['stops reading', () => undefined],
  ['stops in the middle of its answer', (_, response) => response.writeHead(202).write('{"id":')],
])('an upload to a server that %s is sent again', async (_, stall) => {
  reply = (request, response) => (requests.length === 1 ? stall : accept)(request, response)
  const stalled = new Promise((resolve) =>
    server.server.once('request', ({ socket }) => socket.on('close', resolve)),
  )
  const { id } = await openClient(400).upload(new Blob([new Uint8Array(2_000)]))
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual([id, id])
  await stalled
})

test('a wait continues after a poll that never ends', async () => {
  reply = (_, response) => {
    if (requests.length > 1) response.end('{"items":[{"id":"x","status":"processed"}],"notFound":[]}')
  }
  expect(await openClient(400).waitUntilFinal('x')).toMatchObject({ status: 'processed' })
  expect(requests).toHaveLength(2)
})

describe('with the default of 40 seconds', () => {
  beforeEach(
    () => void jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'queueMicrotask', 'setImmediate'] }),
  )
  afterEach(() => void jest.useRealTimers())

  /** The first request, once its body has arrived. */
  const firstRequest = () =>
    new Promise<{ request: IncomingMessage; response: ServerResponse }>((resolve) => {
      reply = (request, response) => void request.resume().on('end', () => resolve({ request, response }))
    })

  test('an upload to a server that needs 39 seconds is not sent again', async () => {
    const first = firstRequest()
    const uploading = openClient().upload(new Blob(['x']))
    const { request, response } = await first
    jest.advanceTimersByTime(39_000)
    const id = request.headers['idempotency-key']
    response.writeHead(202).end(JSON.stringify({ id }))
    expect(await uploading).toEqual({ id })
    expect(requests).toHaveLength(1)
  })

  test('an upload to a server that needs 41 seconds is sent again', async () => {
    const first = firstRequest()
    const uploading = openClient().upload(new Blob(['x']))
    const { request } = await first
    reply = accept
    const closed = once(request.socket, 'close')
    jest.advanceTimersByTime(41_000)
    await closed
    await jest.advanceTimersByTimeAsync(2_000)
    expect(await uploading).toEqual({ id: request.headers['idempotency-key'] })
    expect(requests).toHaveLength(2)
  })
})

test('an upload is aborted while a server is silent', async () => {
  const abort = new AbortController()
  reply = () => abort.abort(new Error('enough'))
  await expect(openClient().upload(new Blob(['x']), { signal: abort.signal })).rejects.toThrow('enough')
  expect(requests).toHaveLength(1)
})
