import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type Client, createClient, newIdempotencyKey } from './index.ts'
import { serve, type TestServer } from './testing/serve.ts'
import { settled, useVirtualTime } from './testing/virtual-time.ts'

let reply: (request: IncomingMessage, response: ServerResponse) => void
let client: Client
let requests: IncomingMessage[]
let server: TestServer

beforeEach(async () => {
  requests = []
  server = await serve((request, response) => {
    requests.push(request)
    reply(request, response)
  })
  client = createClient({ url: server.url, credential: () => 'a-key' })
})
afterEach(() => server.stop())

const json = (response: ServerResponse, body: object) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const idsOf = ({ url = '' }: IncomingMessage) => url.slice(url.indexOf('ids=') + 4).split(',')
const statusesOf = (request: IncomingMessage, status: string) => ({
  items: idsOf(request).map((id) => ({ id, status })),
  notFound: [],
})

test('many waits share two requests, and each resolves with the first final status', async () => {
  let open = 0
  let most = 0
  reply = (request, response) => {
    most = Math.max(most, ++open)
    const status = requests.length <= 2 ? 'queued' : 'processed'
    setImmediate(() => {
      open--
      json(response, statusesOf(request, status))
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

test('after an answer with Retry-After the next request waits as long', async () => {
  const times: number[] = []
  reply = (request, response) => {
    times.push(performance.now())
    if (requests.length === 1) response.setHeader('retry-after', '2')
    json(response, statusesOf(request, requests.length === 1 ? 'queued' : 'processed'))
  }
  await client.waitUntilFinal('x')
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_990)
})

test('a new image has its own request and does not abort the open one', async () => {
  let answerFirst = () => {}
  const opened = new Promise<void>((resolve) => {
    reply = (request, response) => {
      const answer = () => json(response, statusesOf(request, 'processed'))
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
        answers.push(() => json(response, statusesOf(request, 'processed')))
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

/**
 * An API with a queue of its own, in virtual time: each image is final some time after it was accepted, and a poll is held
 * as API.md says. Counts what a poll costs.
 */
describe('50 images cost at most a minute of function time, and the results are in time', () => {
  const IMAGES = 50
  /** What the API needs for an answer at once. */
  const ANSWER_MS = 100
  let readyAt: Map<string, number>
  let open: number
  let most: number
  let aborted: number
  let costMs: number

  beforeEach(() => {
    useVirtualTime()
    readyAt = new Map()
    open = most = aborted = costMs = 0
    reply = hold
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const isReady = (id: string) => Date.now() >= (readyAt.get(id) ?? 0)

  async function hold(request: IncomingMessage, response: ServerResponse) {
    most = Math.max(most, ++open)
    response.on('close', () => response.writableFinished || aborted++)
    const startedAt = Date.now()
    const waitMs = Number(/^wait=(\d+)$/.exec(String(request.headers.prefer))?.[1]) * 1000
    const ids = idsOf(request)
    await sleep(ANSWER_MS)
    while (!ids.some(isReady) && Date.now() < startedAt + waitMs) await sleep(100)
    costMs += Date.now() - startedAt
    open--
    json(response, {
      items: ids.map((id) => ({ id, status: isReady(id) ? 'processed' : 'queued' })),
      notFound: [],
    })
  }

  /** Returns how late each result was, ascending, in milliseconds. */
  async function waitForBatch(
    intervalMs: number,
    processingMs: (index: number) => number,
  ): Promise<number[]> {
    const waits: Promise<number>[] = []
    for (let index = 0; index < IMAGES; index++) {
      const id = newIdempotencyKey()
      const readyAtMs = Date.now() + processingMs(index)
      readyAt.set(id, readyAtMs)
      waits.push(client.waitUntilFinal(id, { timeout: 300_000 }).then(() => Date.now() - readyAtMs))
      if (intervalMs > 0) await sleep(intervalMs)
    }
    return (await Promise.all(waits)).toSorted((a, b) => a - b)
  }

  test.each<[string, intervalMs: number, processingMs: (index: number) => number]>([
    ['over 3 Mbit/s', 1500, () => 700],
    ['all at once', 0, (index) => 100 * (index + 1)],
    ['with a slow processor', 3000, () => 6000],
    ['behind a queue', 0, (index) => 2000 * (index + 1)],
    ['with one that never gets ready', 1500, (index) => (index === 0 ? 120_000 : 700)],
  ])('%s', async (_, intervalMs, processingMs) => {
    const late = await settled(waitForBatch(intervalMs, processingMs))
    expect(most).toBeLessThanOrEqual(2)
    expect(aborted).toBe(0)
    expect(costMs).toBeLessThan(60_000)
    expect(late[IMAGES / 2]).toBeLessThan(1000)
    expect(late.at(-1)).toBeLessThan(3000)
  })
})

test('a missing image rejects only its own wait', async () => {
  reply = (_, response) => json(response, { items: [{ id: 'x', status: 'failed' }], notFound: ['y'] })
  const [x, y] = await Promise.allSettled([client.waitUntilFinal('x'), client.waitUntilFinal('y')])
  expect([x, y]).toMatchObject([
    { value: { status: 'failed' } },
    { reason: { type: 'not-found', status: 404, imageId: 'y' } },
  ])
})

test('an image that is still queued at the timeout resolves with queued for every caller', async () => {
  reply = (request, response) => {
    if (requests.length === 1) json(response, statusesOf(request, 'queued'))
  }
  const both = [client.waitUntilFinal('x', { timeout: 900 }), client.waitUntilFinal('x', { timeout: 900 })]
  expect(await Promise.all(both)).toEqual(Array(2).fill({ id: 'x', status: 'queued' }))
})

test('an image whose first poll is still open at the timeout resolves with queued', async () => {
  reply = (request, response) => {
    if (request.headers.prefer === undefined) json(response, { id: 'x', status: 'queued' })
  }
  expect(await client.waitUntilFinal('x', { timeout: 300 })).toEqual({ id: 'x', status: 'queued' })
})

test('an unknown image is not found at the timeout', async () => {
  reply = (request, response) => {
    if (request.headers.prefer !== undefined) return
    const body = {
      type: 'urn:problem-type:darkroom:not-found',
      title: 'Not found',
      status: 404,
      detail: 'No.',
    }
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body))
  }
  const wait = client.waitUntilFinal('x', { timeout: 300 })
  await expect(wait).rejects.toMatchObject({ type: 'not-found' })
})

test('a poll ends before the last of its waits', async () => {
  reply = (request, response) =>
    json(response, statusesOf(request, requests.length === 1 ? 'queued' : 'failed'))
  await Promise.all([
    client.waitUntilFinal('x', { timeout: 3_900 }),
    client.waitUntilFinal('x', { timeout: 6_900 }),
    client.waitUntilFinal('y', { timeout: 3_900 }),
  ])
  expect(requests[0]?.headers.prefer).toMatch(/^wait=[456]$/)
})

test('a wait without an end waits for the result', async () => {
  reply = (request, response) =>
    json(response, statusesOf(request, requests.length === 1 ? 'queued' : 'processed'))
  const wait = client.waitUntilFinal('x', { timeout: Number.POSITIVE_INFINITY })
  expect(await wait).toMatchObject({ status: 'processed' })
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
