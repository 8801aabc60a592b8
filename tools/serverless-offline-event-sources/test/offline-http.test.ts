import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Problem } from '@darkroom/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { freePort, runServerless, serviceEnvironment } from './run-serverless.ts'

let service: ReturnType<typeof runServerless>
let url: string
let slowHeaders: Promise<string>

async function start(port: string) {
  const environment = await serviceEnvironment('http://127.0.0.1:1')
  const own = { ...environment, ALLOWED_HOSTS: 'own.example', FIXTURE_HTTP_PORT: port }
  return runServerless(own, 'http-service', 'offline')
}

beforeAll(async () => {
  const port = String(await freePort())
  url = `http://127.0.0.1:${port}`
  service = await start(port)
  await service.ready
  // It is answered while the other tests run.
  slowHeaders = answerTo('GET /echo/a HTTP/1.1\r\nhost: localhost\r\nx-slow: ')
})
afterAll(async () => {
  service.interrupt()
  await service.exited
})

/** The first bytes that the server sends to a client that sends no more than this. */
async function answerTo(half: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(half)
  const [chunk] = await once(socket, 'data')
  socket.destroy()
  return String(chunk)
}

const answering = (value: string) => `/answer?value=${encodeURIComponent(value)}`
const authorizing = (value: string) => `/authorized?value=${encodeURIComponent(value)}`
const page = { origin: 'https://page.example' }
const post = (body: string | Uint8Array<ArrayBuffer>, headers = {}) => ({ method: 'POST', body, headers })

test.each<[string, string, RequestInit, number, string]>([
  ['a percent sign that encodes nothing', '/echo/%zz', {}, 400, 'malformed-request'],
  ['bytes that are not UTF-8', '/echo/%ff', {}, 400, 'malformed-request'],
  ['a lone percent sign', '/%', {}, 400, 'malformed-request'],
  ['11 MB', '/echo/a', post(new Uint8Array(11 * 1024 * 1024)), 413, 'payload-too-large'],
  ['a function that throws', '/throw', { headers: page }, 500, 'internal'],
  ['a function that crashes', '/crash', {}, 500, 'internal'],
  ['a function that times out', '/hang', {}, 500, 'internal'],
  ['a function that cannot start', '/broken', {}, 500, 'internal'],
  ['a function whose instance ends while it starts', '/exits', {}, 500, 'internal'],
  ['a function that takes longer than the gateway waits', '/slow', {}, 503, 'internal'],
  ['a function that throws a string', answering('(() => { throw "hunter2" })()'), {}, 500, 'internal'],
  [
    'an answer that is no JSON',
    answering('(() => { const a = { statusCode: 200 }; return (a.a = a) })()'),
    {},
    500,
    'internal',
  ],
  [
    'an answer of more than 6 MB',
    answering('({ statusCode: 200, body: "x".repeat(6291556) })'),
    {},
    500,
    'internal',
  ],
  ['a body that is no string', answering('({ statusCode: 200, body: { a: 1 } })'), {}, 500, 'internal'],
  ['a status that is none', answering('({ statusCode: 0 })'), {}, 500, 'internal'],
  ['an invalid header', answering('({ statusCode: 200, headers: { x: "a\\nb: c" } })'), {}, 500, 'internal'],
  ['an authorizer that refuses', authorizing('({ isAuthorized: false })'), {}, 403, 'insufficient-scope'],
  ['a request without what the authorizer needs', '/authorized', {}, 401, 'unauthenticated'],
  ['an authorizer that does not decide', authorizing('({ isAuthorized: "false" })'), {}, 500, 'internal'],
  ['an authorizer that throws', '/unauthorized', {}, 500, 'internal'],
  ['an authorizer that times out', '/never-authorized', {}, 500, 'internal'],
])('%s is answered with problem+json', async (_what, path, request, status, slug) => {
  const answer = await fetch(url + path, request)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
  const problem = Problem.strict().parse(await answer.json())
  expect(problem).toMatchObject({
    type: `urn:problem-type:darkroom:${slug}`,
    status,
    retryable: status >= 500,
  })
  expect(JSON.stringify(problem)).not.toContain('hunter2')
  expect(answer.headers.has('retry-after')).toBe(status === 503)
  if (status === 413) expect(problem.detail).toContain('POST /v1/uploads')
  expect(answer.headers.get('access-control-allow-origin')).toBe(
    'headers' in request && status === 500 ? page.origin : null,
  )
})

test.each([
  ['an unknown method', 'FOO /echo/a HTTP/1.1', 'no method of HTTP'],
  ['raw bytes in the URL', 'GET /echo/\xe9 HTTP/1.1', 'printable ASCII'],
  ['a blank in the URL', 'GET /echo/a b HTTP/1.1', 'not valid HTTP'],
  ['large headers', `GET /echo/a HTTP/1.1\r\nx: ${'x'.repeat(20_000)}`, 'larger than 16 KB'],
  ['TLS', '\x16\x03\x01', 'use http://'],
])('%s is answered with problem+json, and the connection is closed', async (_what, head, detail) => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end(`${head}\r\nhost: x\r\n\r\n`, 'latin1')
  const [, headers, body] = /^HTTP\/1.1 400 Bad Request\r\n(.*?)\r\n\r\n(.*)$/s.exec(await text(socket)) ?? []
  expect(headers).toContain('content-type: application/problem+json')
  const problem = Problem.strict().parse(JSON.parse(String(body)))
  expect(problem).toMatchObject({ type: 'urn:problem-type:darkroom:malformed-request', status: 400 })
  expect(problem.detail).toContain(detail)
})

test.each([
  ['localhost:4000', 200],
  ['own.example:4000', 200],
  ['evil.example:4000', 403],
])('a request for the host %s is answered with %i', async (host, status) => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  // The half that is still open keeps the request alive.
  socket.write(`GET /echo/a HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
  const [, answered, body] = /^HTTP\/1.1 (\d+).*?\r\n\r\n(.*)$/s.exec(await text(socket)) ?? []
  expect(Number(answered)).toBe(status)
  if (status === 403) expect(Problem.parse(JSON.parse(String(body))).detail).toContain('ALLOWED_HOSTS')
})

const gates: Server[] = []
afterEach(() => {
  for (const gate of gates.splice(0)) gate.close().closeAllConnections()
})

test('a function runs as often at once as it has reserved concurrency; more requests are 503', async () => {
  const gate = createServer().listen(0, '127.0.0.1')
  gates.push(gate)
  await once(gate, 'listening')
  const { port } = gate.address() as AddressInfo
  const running: { request: Promise<Response>; answer: ServerResponse }[] = []
  for (let index = 0; index < 2; index++) {
    const request = fetch(`${url}/wait?http://127.0.0.1:${port}`)
    const [, answer] = await once(gate, 'request')
    running.push({ request, answer })
  }
  const refused = await fetch(`${url}/wait?http://127.0.0.1:${port}`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(Problem.parse(await refused.json())).toMatchObject({ status: 503, retryable: true })
  for (const { request, answer } of running) {
    answer.end('done')
    expect(await (await request).text()).toBe('done')
  }
  gate.once('request', (_, answer) => answer.end('again'))
  expect(await (await fetch(`${url}/wait?http://127.0.0.1:${port}`)).text()).toBe('again')
})

test('requests wait while 2 MB of bodies are in progress; requests without a body do not', async () => {
  const gate = createServer().listen(0, '127.0.0.1')
  gates.push(gate)
  await once(gate, 'listening')
  const { port } = gate.address() as AddressInfo
  const send = (bytes: number) => fetch(`${url}/gated?http://127.0.0.1:${port}`, post(new Uint8Array(bytes)))
  const answers: ServerResponse[] = []
  const full = new Promise<void>((resolve) => {
    gate.on('request', (_, answer) => {
      if (answers.push(answer) === 4) resolve()
    })
  })
  const requests = Array.from({ length: 4 }, () => send(512 * 1024))
  await full
  requests.push(send(10))
  expect((await fetch(`${url}/echo/a`)).status).toBe(200)
  expect(answers.length).toBe(4)
  const next = once(gate, 'request')
  answers[0]?.end('done')
  await next
  for (const answer of answers) answer.end('done')
  expect((await Promise.all(requests)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
})

test('a client that sends slowly does not hold up others', async () => {
  const slow = connect(Number(new URL(url).port), '127.0.0.1')
  slow.write('POST /echo/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 9000000\r\n\r\n')
  await once(slow, 'data')
  expect((await fetch(`${url}/echo/a`, post('x'))).status).toBe(200)
  slow.destroy()
})

test('a port that is in use is a sentence', async () => {
  const { port } = new URL(url)
  const { ready, exited } = await start(port)
  await expect(ready).rejects.toThrow(`Port ${port} is in use. Choose another one with --httpPort.`)
  const { code, output } = await exited
  expect([code, output]).toEqual([1, expect.not.stringContaining('listenInCluster')])
})

test('a function runs again after a crash', async () => {
  for (let attempt = 1; attempt <= 2; attempt++) expect((await fetch(`${url}/crash`)).status).toBe(500)
  expect((await fetch(`${url}/echo/a`)).status).toBe(200)
})

test.each(['multipart/form-data', 'nonsense', 'a/b/c', 'image/jpeg; q', 'application/json ;charset=utf-8'])(
  'the function gets a body of type %j as it came',
  async (contentType) => {
    const bytes = new Uint8Array([0xff, 0xd8, 0, 0x80])
    const body = contentType.startsWith('application/json') ? '{' : bytes
    const answer = await fetch(`${url}/echo/a`, post(body, { 'content-type': contentType }))
    expect(await answer.json()).toEqual({
      method: 'POST',
      rawPath: '/echo/a',
      rawQuery: '',
      id: 'a',
      contentType,
      bytes: body.length,
    })
  },
)

test('the function gets the query as it came', async () => {
  const query = 'filename=%FF%zz+é&&x'
  expect(await (await fetch(`${url}/echo/a?${query}`)).json()).toMatchObject({
    rawQuery: query.replace('é', '%C3%A9'),
  })
})

test('lines of the same header reach the function as one, with commas', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(
    'GET /echo/a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\n',
  )
  expect(await text(socket)).toContain('"contentType":"a/b,c/d"')
})

test('an answer is whole, whatever the Range', async () => {
  const { status, headers } = await fetch(`${url}/echo/a`, { headers: { range: 'bytes=0-3' } })
  expect([status, headers.get('accept-ranges'), headers.get('content-range')]).toEqual([200, null, null])
})

test('invalid cookies are no reason to refuse a request', async () => {
  expect((await fetch(`${url}/echo/a`, { headers: { cookie: 'a=b=c; =x; "' } })).status).toBe(200)
})

test('HEAD is answered like GET without its body, and a trailing slash is another path', async () => {
  const head = await fetch(`${url}/echo/a`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
    200,
    expect.any(String),
    '',
  ])
  expect((await fetch(`${url}/echo/a/`)).status).toBe(404)
})

describe('a preflight request is 204', () => {
  const asks = { 'access-control-request-method': 'POST' }

  test.each<[string, Record<string, string>, string | null]>([
    ['from an allowed page', { ...page, ...asks }, page.origin],
    ['from another page, without permission', { origin: 'https://other.example', ...asks }, null],
    ['without a method', page, page.origin],
    ['without an origin', {}, null],
  ])('%s', async (_what, headers, allowed) => {
    const answer = await fetch(`${url}/echo/a`, { method: 'OPTIONS', headers })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, allowed])
    expect(await answer.text()).toBe('')
  })
})

test('a connection that does not send the rest of its headers is ended', async () => {
  const answer = await slowHeaders
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('The headers did not arrive in time')
})
