import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Client, createClient, newIdempotencyKey } from './index.ts'

type Reply = (request: IncomingMessage, response: ServerResponse) => void

let reply: Reply
let client: Client
let requests: IncomingMessage[]
let bodies: Buffer[]
let server: ReturnType<typeof createServer>

beforeEach(async () => {
  requests = []
  bodies = []
  server = createServer(async (request, response) => {
    requests.push(request)
    bodies.push(Buffer.concat(await request.toArray()))
    reply(request, response)
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
  response
    .writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
    .end(JSON.stringify(body))
const accept = (request: IncomingMessage, response: ServerResponse) =>
  json(response, 202, { id: request.headers['idempotency-key'], status: 'queued' })
const problem = (type: string, status: number, retryable: boolean) => ({
  type: `urn:darkroom:problem:${type}`,
  title: 'A title',
  status,
  detail: 'What to do.',
  retryable,
  requestId: 'r-1',
})
const contentTypeOf = (request?: IncomingMessage) => ({
  'content-type': String(request?.headers['content-type']),
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
    else accept(request, response)
  }
  const idempotencyKey = newIdempotencyKey()
  expect(await client.upload(new Blob(['x']), { idempotencyKey })).toMatchObject({ id: idempotencyKey })
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual(Array(3).fill(idempotencyKey))
  expect(requests[0]?.headers.authorization).toBe('Bearer a-key')
})

const html = '<!doctype html><title>Wi-Fi</title>'

test('only 202 with the sent id is success; everything else that can pass is retried', async () => {
  const answers: Record<string, [status: number, body: string, contentType?: string]> = {
    'a login page': [200, html],
    'JSON from a proxy': [200, '{"id":"x"}'],
    'null from a proxy': [202, 'null'],
    'the id of another upload': [202, JSON.stringify({ id: newIdempotencyKey(), status: 'queued' })],
    'no content': [204, ''],
    timeout: [408, html],
    'too early': [425, ''],
    'too many requests': [429, html],
    'bad gateway': [502, html],
    'an authorizer that failed': [401, '{"message":"Unauthorized"}'],
    'a problem of another server': [500, '{"title":"Oops"}', 'application/problem+json'],
  }
  reply = (request, response) => {
    const name = new URL(request.url ?? '', 'http://localhost').searchParams.get('filename') ?? ''
    const [status, body, contentType = 'text/html'] = answers[name] ?? [500, '']
    const attempts = requests.filter(({ url }) => url === request.url)
    if (attempts.length > 1) accept(request, response)
    else response.writeHead(status, { 'content-type': contentType }).end(body)
  }
  const names = Object.keys(answers)
  const keys = names.map(newIdempotencyKey)
  const uploads = names.map((filename, index) =>
    client.upload(new Blob(['x']), { filename, idempotencyKey: keys[index] }),
  )
  expect((await Promise.all(uploads)).map(({ id }) => id)).toEqual(keys)
  expect(requests).toHaveLength(2 * names.length)
})

test.each([
  ['400 of a gateway', 400, html],
  ['403 of a firewall', 403, html],
  ['404 of another server', 404, '{"error":"Not Found"}'],
  ['413 of a gateway', 413, html],
])('%s is final', async (_, status, body) => {
  reply = (_, response) => response.writeHead(status, { 'content-type': 'text/html' }).end(body)
  await expect(client.upload(new Blob(['x']))).rejects.toMatchObject({ status, retryable: false })
  expect(requests).toHaveLength(1)
})

test('a 401 of the API is final', async () => {
  reply = (_, response) => json(response, 401, problem('unauthenticated', 401, false))
  await expect(client.upload(new Blob(['x']))).rejects.toMatchObject({ type: 'unauthenticated' })
  expect(requests).toHaveLength(1)
})

test('an exhausted quota is an error at once, with the time to wait', async () => {
  reply = (_, response) => {
    response.setHeader('retry-after', '3600')
    json(response, 429, problem('quota-exceeded', 429, true))
  }
  const error = { type: 'quota-exceeded', retryable: true, retryAfter: 3600 }
  await expect(client.upload(new Blob(['x']))).rejects.toMatchObject(error)
  expect(requests).toHaveLength(1)
})

test('with deduplication the id is that of the earlier image', async () => {
  const earlier = newIdempotencyKey()
  reply = (_, response) => json(response, 202, { id: earlier, status: 'queued', duplicate: true })
  expect(await client.upload(new Blob(['x']))).toMatchObject({ id: earlier, duplicate: true })
})

test('a key in upper case is the same key', async () => {
  reply = accept
  const idempotencyKey = newIdempotencyKey()
  const upload = client.upload(new Blob(['x']), { idempotencyKey: idempotencyKey.toUpperCase() })
  expect(await upload).toMatchObject({ id: idempotencyKey })
})

test.each([['image/png'], ['application/json'], ['']])(
  'a file of type %p is sent undeclared',
  async (type) => {
    const file = new File(['x'], 'photo.png', { type })
    reply = accept
    await client.upload(file)
    await client.upload(file, { attributes: { album: 'coast' } })
    expect(requests[0]?.headers['content-type']).toBe('application/octet-stream')
    const form = await new Response(bodies[1], { headers: contentTypeOf(requests[1]) }).formData()
    expect(form.get('file')).toMatchObject({ name: 'photo.png', type: 'application/octet-stream' })
  },
)

test.each([
  ['getImage', () => client.getImage('x')],
  ['listImages', () => client.listImages()],
])('%s does not take the page of a proxy for an answer', async (_, call) => {
  reply = (_, response) => json(response, 200, { message: 'Please log in' })
  await expect(call()).rejects.toMatchObject({ type: 'unexpected-answer', status: 200, retryable: true })
})

test('an error that is not retryable is thrown at once, with its type', async () => {
  reply = (_, response) => json(response, 404, problem('not-found', 404, false))
  const error = { name: 'DarkroomError', type: 'not-found', status: 404, retryable: false, requestId: 'r-1' }
  await expect(client.getImage('x')).rejects.toMatchObject(error)
  await expect(client.waitUntilFinal('x')).rejects.toMatchObject(error)
  expect(requests).toHaveLength(2)
})

test('many waits share two requests, and each resolves with the first final status', async () => {
  let open = 0
  let most = 0
  reply = (request, response) => {
    most = Math.max(most, ++open)
    const status = requests.length <= 2 ? 'queued' : 'processed'
    setImmediate(() => {
      open--
      json(response, 200, statusesOf(request, status))
    })
  }
  const ids = Array.from({ length: 230 }, newIdempotencyKey)
  const statuses = await Promise.all([...ids, ...ids].map((id) => client.waitUntilFinal(id)))
  expect(statuses.map(({ id, status }) => [id, status])).toEqual(
    [...ids, ...ids].map((id) => [id, 'processed']),
  )
  expect(most).toBeLessThanOrEqual(2)
  expect(requests.slice(0, 2).map((request) => idsOf(request).length)).toEqual([100, 100])
  expect(requests.slice(0, 2).map(({ headers }) => headers.prefer)).toEqual(['wait=20', 'wait=5'])
})

test('a new image has its own request and does not abort the open one', async () => {
  let answerFirst = () => {}
  const opened = new Promise<void>((resolve) => {
    reply = (request, response) => {
      const answer = () => json(response, 200, statusesOf(request, 'processed'))
      if (requests.length > 1) return answer()
      answerFirst = answer
      resolve()
    }
  })
  const first = client.waitUntilFinal('x')
  await opened
  expect(await client.waitUntilFinal('y')).toEqual({ id: 'y', status: 'processed' })
  expect(requests.map(idsOf)).toEqual([['x'], ['y']])
  answerFirst()
  expect(await first).toEqual({ id: 'x', status: 'processed' })
  expect(requests).toHaveLength(2)
})

test('no third request: an image that joins two open ones is part of the next', async () => {
  const answers: (() => void)[] = []
  const opened = (count: number) =>
    new Promise<void>((resolve) => {
      reply = (request, response) => {
        answers.push(() => json(response, 200, statusesOf(request, 'processed')))
        if (answers.length === count) resolve()
      }
    })
  const first = opened(1)
  const x = client.waitUntilFinal('x')
  await first
  const second = opened(2)
  const y = client.waitUntilFinal('y')
  await second
  const third = opened(3)
  const z = [client.waitUntilFinal('z'), client.waitUntilFinal('Z')]
  await new Promise((resolve) => setImmediate(resolve))
  expect(requests).toHaveLength(2)
  answers[1]?.()
  expect(await y).toMatchObject({ id: 'y' })
  await third
  expect(requests.map(idsOf)).toEqual([['x'], ['y'], ['z']])
  answers[2]?.()
  expect(await Promise.all(z)).toMatchObject([{ id: 'z' }, { id: 'z' }])
  answers[0]?.()
  expect(await x).toMatchObject({ id: 'x' })
})

test('a batch of 50 that arrives one by one: at most two requests, none aborted, no image late', async () => {
  const readyAt = new Map<string, number>()
  let open = 0
  let most = 0
  let aborted = 0
  reply = async (request, response) => {
    most = Math.max(most, ++open)
    response.on('close', () => response.writableFinished || aborted++)
    const ids = idsOf(request)
    const isReady = (id: string) => Date.now() >= (readyAt.get(id) ?? 0)
    while (!ids.some(isReady)) await sleep(5)
    open--
    const items = ids.map((id) => ({ id, status: isReady(id) ? 'processed' : 'queued' }))
    json(response, 200, { items, notFound: [] })
  }
  const waits: Promise<number>[] = []
  for (let n = 0; n < 50; n++) {
    const id = newIdempotencyKey()
    readyAt.set(id, Date.now() + 100)
    waits.push(client.waitUntilFinal(id).then(() => Date.now() - (readyAt.get(id) ?? 0)))
    await sleep(10)
  }
  const late = await Promise.all(waits)
  expect([most, aborted]).toEqual([2, 0])
  expect(Math.max(...late)).toBeLessThan(1000)
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
