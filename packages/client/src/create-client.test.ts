import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Client, createClient, newIdempotencyKey } from './index.ts'

type Reply = (request: IncomingMessage, response: ServerResponse) => void

let reply: Reply
let client: Client
let requests: IncomingMessage[]
let server: ReturnType<typeof createServer>

beforeEach(async () => {
  requests = []
  server = createServer((request, response) => {
    requests.push(request)
    request.resume().on('end', () => reply(request, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  client = createClient({ url: `http://127.0.0.1:${port}`, credential: () => 'a-key' })
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const json = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const problem = (type: string, status: number, retryable: boolean) => ({
  type: `urn:darkroom:problem:${type}`,
  title: 'A title',
  status,
  detail: 'What to do.',
  retryable,
  requestId: 'r-1',
})
const idsOf = ({ url = '' }: IncomingMessage) => url.slice(url.indexOf('ids=') + 4).split(',')
const statusesOf = (request: IncomingMessage, status: string) => ({
  items: idsOf(request).map((id) => ({ id, status })),
  notFound: [],
})

test('an upload is retried with the same key after a 503 and after a lost connection', async () => {
  reply = (request, response) => {
    if (requests.length === 1) json(response, 503, problem('unavailable', 503, true))
    else if (requests.length === 2) request.socket.destroy()
    else json(response, 202, { id: request.headers['idempotency-key'], status: 'queued' })
  }
  const idempotencyKey = newIdempotencyKey()
  expect(await client.upload(new Blob(['x']), { idempotencyKey })).toMatchObject({ id: idempotencyKey })
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(Array(3).fill(idempotencyKey))
  expect(requests[0]?.headers.authorization).toBe('Bearer a-key')
})

test('an error that is not retryable is thrown at once, with its type', async () => {
  reply = (_, response) => json(response, 404, problem('not-found', 404, false))
  const error = { name: 'DarkroomError', type: 'not-found', status: 404, retryable: false, requestId: 'r-1' }
  await expect(client.getImage('x')).rejects.toMatchObject(error)
  await expect(client.waitUntilFinal('x')).rejects.toMatchObject(error)
  expect(requests).toHaveLength(2)
})

test('many waits share one request at a time, and each resolves with the first final status', async () => {
  let open = 0
  let most = 0
  reply = (request, response) => {
    most = Math.max(most, ++open)
    setImmediate(() => {
      open--
      json(response, 200, statusesOf(request, requests.length === 1 ? 'queued' : 'processed'))
    })
  }
  const ids = Array.from({ length: 120 }, newIdempotencyKey)
  const statuses = await Promise.all([...ids, ...ids].map((id) => client.waitUntilFinal(id)))
  expect(statuses.map(({ id, status }) => [id, status])).toEqual(
    [...ids, ...ids].map((id) => [id, 'processed']),
  )
  expect([most, ...requests.map((request) => idsOf(request).length)]).toEqual([1, 100, 100, 20])
  expect(requests.map(({ headers }) => headers.prefer)).toEqual(Array(3).fill('wait=20'))
})

test('a new image is polled at once together with the others', async () => {
  reply = (request, response) => {
    if (idsOf(request).length === 1) void client.waitUntilFinal('y')
    else json(response, 200, statusesOf(request, 'processed'))
  }
  expect(await client.waitUntilFinal('x')).toEqual({ id: 'x', status: 'processed' })
  expect(requests.map(idsOf)).toEqual([['x'], ['x', 'y']])
})

test('a missing image rejects only its own wait', async () => {
  reply = (_, response) => json(response, 200, { items: [{ id: 'x', status: 'failed' }], notFound: ['y'] })
  const [x, y] = await Promise.allSettled([client.waitUntilFinal('x'), client.waitUntilFinal('y')])
  expect([x, y]).toMatchObject([
    { value: { status: 'failed' } },
    { reason: { type: 'not-found', status: 404, imageId: 'y' } },
  ])
})

test('an image that is still queued at the timeout resolves with queued for every caller', async () => {
  reply = (request, response) => {
    if (requests.length === 1) json(response, 200, statusesOf(request, 'queued'))
  }
  const both = [client.waitUntilFinal('x', { timeout: 900 }), client.waitUntilFinal('x', { timeout: 900 })]
  expect(await Promise.all(both)).toEqual(Array(2).fill({ id: 'x', status: 'queued' }))
})

test('an aborted wait rejects with the reason and aborts its request', async () => {
  const abort = new AbortController()
  const closed = new Promise<void>((resolve) => {
    reply = (_, response) => {
      response.on('close', resolve)
      abort.abort(new Error('enough'))
    }
  })
  await expect(client.waitUntilFinal('x', { signal: abort.signal })).rejects.toThrow('enough')
  await closed
})
