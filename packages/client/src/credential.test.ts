import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { createClient } from './create-client.ts'
import type { IssuedToken } from './credential.ts'

/** An API that accepts one token, and remembers what it was sent. */
let valid = ''
const sent: string[] = []
const server = createServer((request, response) => {
  const token = String(request.headers.authorization).replace('Bearer ', '')
  sent.push(token)
  if (token === valid) return json(response, 200, { items: [] })
  json(response, 401, {
    type: 'urn:problem-type:darkroom:unauthenticated',
    title: 'The credential is missing or invalid',
    status: 401,
    detail: 'The credential has expired.',
    retryable: false,
  })
})
function json(response: ServerResponse, status: number, body: object): void {
  const type = status === 200 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
}
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
afterAll(() => void server.close())
beforeEach(() => {
  sent.length = 0
  valid = 'token-1'
})

const issued = (n: number, lifetimeMs = 900_000): IssuedToken => ({
  token: `token-${n}`,
  expiresAt: new Date(Date.now() + lifetimeMs).toISOString(),
})

/** A client whose tokens are numbered. */
function clientWith(issue: (n: number) => string | IssuedToken | Response | Promise<Response>) {
  const asked = { times: 0 }
  const client = createClient({ url, credential: () => issue(++asked.times) })
  return { client, asked }
}

test.each([
  ['an object', (n: number) => issued(n)],
  ['a response', (n: number) => Response.json(issued(n))],
])('a token with an expiry, as %s, is asked for once', async (_, issue) => {
  const { client, asked } = clientWith(issue)
  await Promise.all([client.listImages(), client.listImages()])
  await client.listImages()
  expect([asked.times, sent]).toEqual([1, ['token-1', 'token-1', 'token-1']])
})

test('a token is replaced before it expires', async () => {
  const { client, asked } = clientWith((n) => issued(n, n === 1 ? 20_000 : undefined))
  await client.listImages()
  valid = 'token-2'
  await client.listImages()
  expect([asked.times, sent]).toEqual([2, ['token-1', 'token-2']])
})

test('a token that the API refuses is replaced, and the request repeated', async () => {
  const { client, asked } = clientWith((n) => issued(n))
  await client.listImages()
  valid = 'token-2'
  await Promise.all([client.listImages(), client.listImages()])
  expect(asked.times).toBe(2)
  expect(sent.at(-1)).toBe('token-2')
})

test('so is text that a function returns', async () => {
  const { client } = clientWith((n) => `token-${n}`)
  valid = 'token-2'
  await client.listImages()
  expect(sent).toEqual(['token-1', 'token-2'])
})

test('a second refusal, or the same credential again, is final', async () => {
  valid = 'none'
  await expect(clientWith((n) => issued(n)).client.listImages()).rejects.toMatchObject({ status: 401 })
  expect(sent).toEqual(['token-1', 'token-2'])
  await expect(clientWith(() => 'same').client.listImages()).rejects.toMatchObject({ status: 401 })
  expect(sent).toEqual(['token-1', 'token-2', 'same'])
})

test("the error of the page's server is that of the call", async () => {
  const problem = {
    type: 'x:insufficient-scope',
    title: 'No',
    status: 403,
    detail: 'Not you.',
    retryable: false,
  }
  const headers = { 'content-type': 'application/problem+json' }
  const { client } = clientWith(() => new Response(JSON.stringify(problem), { status: 403, headers }))
  await expect(client.getImage('an-image')).rejects.toMatchObject({
    type: 'insufficient-scope',
    detail: 'Not you.',
  })
  expect(sent).toEqual([])
})

test('a function that fails is no response, and is called again by the next attempt', async () => {
  const { client, asked } = clientWith((n) =>
    n === 1 ? Promise.reject<Response>(new TypeError('fetch failed')) : issued(n),
  )
  valid = 'token-2'
  await client.listImages()
  expect([asked.times, sent]).toEqual([2, ['token-2']])
})

test.each([undefined, null, {}])(
  'a function that returns %p has no credential, and no request is sent',
  async (nothing) => {
    const client = createClient({ url, credential: () => nothing as unknown as string })
    const problem = { name: 'DarkroomError', type: 'unauthenticated', status: 401, retryable: false }
    await expect(client.listImages()).rejects.toMatchObject(problem)
    expect(sent).toEqual([])
  },
)

test('a function that does not answer has failed after the stall timeout', async () => {
  let times = 0
  const credential = () => (++times === 1 ? new Promise<string>(() => {}) : 'token-1')
  const client = createClient({ url, credential, stallTimeoutMs: 50 })
  await client.listImages()
  expect([times, sent]).toEqual([2, ['token-1']])
})
