import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Client, createClient, newIdempotencyKey } from './index.ts'
import { serve, type TestServer } from './testing/serve.ts'

type Reply = (request: IncomingMessage, response: ServerResponse) => void

let reply: Reply
let client: Client
let requests: IncomingMessage[]
let bodies: Buffer[]
let server: TestServer

beforeEach(async () => {
  requests = []
  bodies = []
  server = await serve(async (request, response) => {
    requests.push(request)
    bodies.push(Buffer.concat(await request.toArray()))
    reply(request, response)
  })
  client = createClient({ url: server.url, credential: () => 'a-key' })
})
afterEach(() => server.stop())

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

test('after a 429 an upload is sent again with the same key, no sooner than Retry-After', async () => {
  const times: number[] = []
  reply = (request, response) => {
    times.push(performance.now())
    if (requests.length > 1) return accept(request, response)
    response.setHeader('retry-after', '2')
    json(response, 429, problem('rate-limited', 429, true))
  }
  const idempotencyKey = newIdempotencyKey()
  expect(await client.upload(new Blob(['x']), { idempotencyKey })).toMatchObject({ id: idempotencyKey })
  expect(requests.map(({ headers }) => headers['idempotency-key'])).toEqual([idempotencyKey, idempotencyKey])
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_990)
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

test('an uploader is sent with raw bytes and in a form', async () => {
  reply = accept
  await client.upload(new File(['x'], 'a.jpg'), { uploader: 'zoë & bob' })
  await client.upload(new Blob(['x']), { uploader: 'zoë' })
  await client.upload(new Blob(['x']), { uploader: 'zoë', attributes: { album: 'coast' } })
  expect(requests.map(({ url }) => url?.split('/images')[1])).toEqual([
    '?filename=a.jpg&uploader=zo%C3%AB%20%26%20bob',
    '?uploader=zo%C3%AB',
    '',
  ])
  const form = await new Response(bodies[2], { headers: contentTypeOf(requests[2]) }).formData()
  expect(form.get('uploader')).toBe('zoë')
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

test('other requests are repeated too: after a 503, a lost connection and the page of a proxy', async () => {
  reply = (request, response) => {
    const attempt = requests.filter(
      ({ method, url }) => method === request.method && url === request.url,
    ).length
    if (attempt === 1) json(response, 503, problem('storage-unavailable', 503, true))
    else if (attempt === 2) request.socket.destroy()
    else if (attempt === 3) json(response, 200, { message: 'Please log in' })
    else json(response, 200, request.url === '/v1/images' ? { items: [] } : { id: 'x', status: 'erased' })
  }
  expect(
    await Promise.all([client.getImage('x'), client.deleteImage('x'), client.listImages()]),
  ).toMatchObject([{ id: 'x' }, { id: 'x' }, { items: [] }])
  expect(requests).toHaveLength(3 * 4)
})

test('an error that is not retryable is thrown at once, with its type', async () => {
  reply = (_, response) => json(response, 404, problem('not-found', 404, false))
  const error = { name: 'DarkroomError', type: 'not-found', status: 404, retryable: false, requestId: 'r-1' }
  await expect(client.getImage('x')).rejects.toMatchObject(error)
  await expect(client.waitUntilFinal('x')).rejects.toMatchObject(error)
  expect(requests).toHaveLength(2)
})
