import { request } from 'node:http'
import { Problem } from '@darkroom/core'
import { afterEach, describe, expect, test } from '@jest/globals'
import Fastify, { type FastifyInstance } from 'fastify'
import { guardHost, guardOrigin } from './guard-requests.ts'

let server: FastifyInstance
afterEach(() => server.close())

/** `fetch` sends a Host and a Sec-Fetch-Site of its own. */
async function ask(guard: (server: FastifyInstance) => void, headers: Record<string, string>) {
  server = Fastify()
  guard(server)
  server.post('/', () => 'done')
  const { port } = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
  return new Promise<{ status: number | undefined; body: string; port: string }>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', headers }
    const sent = request(options, async (answer) => {
      const body = Buffer.concat(await answer.toArray()).toString()
      resolve({ status: answer.statusCode, body, port })
    })
    sent.on('error', reject).end()
  })
}

describe('the Host', () => {
  test.each([
    ['localhost:4001', '127.0.0.1', [], 200],
    ['127.0.0.1:4001', '::1', [], 200],
    ['evil.example:4001', '127.0.0.1', [], 403],
    ['evil.example:4001', '::1', [], 403],
    ['evil.example:4001', 'localhost', ['loupe.example'], 403],
    ['Loupe.example', '127.0.0.1', ['loupe.example'], 200],
    ['evil.example', '0.0.0.0', ['loupe.example'], 403],
    ['any.example', '0.0.0.0', [], 200],
  ])('%s of a server on %s that has the names %j: %i', async (host, listensOn, names, status) => {
    const answer = await ask((server) => guardHost(server, listensOn, names), { host })
    expect(answer.status).toBe(status)
    if (status === 403) expect(Problem.parse(JSON.parse(answer.body)).detail).toContain('ALLOWED_HOSTS')
  })
})

describe('the origin', () => {
  const guard = (server: FastifyInstance) => void server.addHook('onRequest', guardOrigin)

  test.each([
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ 'sec-fetch-site': 'none' }, 200],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ host: 'a.example', 'sec-fetch-site': 'same-origin', origin: 'https://public.example' }, 200],
    [{}, 200],
    [{ host: 'a.example', origin: 'http://a.example' }, 200],
    [{ host: 'a.example', origin: 'https://a.example' }, 200],
    [{ host: 'a.example', origin: 'http://a.example:81' }, 403],
    [{ host: 'a.example', origin: 'http://b.example' }, 403],
    [{ host: 'a.example', origin: 'null' }, 403],
  ])('of %j: %i', async (headers: Record<string, string>, status) => {
    const answer = await ask(guard, headers)
    expect(answer.status).toBe(status)
    if (status === 403) expect(Problem.parse(JSON.parse(answer.body)).status).toBe(403)
  })
})
