import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createClient, newIdempotencyKey } from './index.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How far this machine's clock is ahead of the server's. The server's clock is moved, which comes to the same. */
let aheadMs: number
/** How the server reports its time with `clock-skew`. */
let report: 'serverTime' | 'date'
let stored: Set<string>
let rejected: number
let server: ReturnType<typeof createServer>

const serverTime = () => new Date(Date.now() - aheadMs)
const timeOf = (id: string) => Number.parseInt(id.replace('-', '').slice(0, 12), 16)
const openClient = () =>
  createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, credential: 'a-key' })

beforeEach(async () => {
  aheadMs = 0
  report = 'serverTime'
  stored = new Set()
  rejected = 0
  server = createServer(async (request, response) => {
    await request.toArray()
    const id = String(request.headers['idempotency-key'])
    const ageMs = serverTime().getTime() - timeOf(id)
    if (ageMs > DAY_MS || ageMs < -5 * MINUTE_MS) {
      rejected++
      const type = 'urn:problem-type:darkroom:clock-skew'
      const body = { type, title: 'Clock skew', status: 400, detail: 'Check the clock.', retryable: false }
      response.setHeader('date', report === 'date' ? serverTime().toUTCString() : new Date().toUTCString())
      response.writeHead(400, { 'content-type': 'application/problem+json' })
      response.end(JSON.stringify({ ...body, ...(report === 'serverTime' && { serverTime: serverTime() }) }))
    } else {
      stored.add(id)
      response.writeHead(202).end(JSON.stringify({ id, status: 'queued' }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

test('a key is a UUIDv7 of this time', () => {
  const key = newIdempotencyKey()
  expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(Math.abs(timeOf(key) - Date.now())).toBeLessThan(1000)
})

describe.each(['serverTime', 'date'] as const)('a wrong clock, corrected from %s', (reported) => {
  test.each([
    ['6 minutes ahead', 6 * MINUTE_MS],
    ['12 hours ahead', 12 * HOUR_MS],
    ['3 days ahead', 3 * DAY_MS],
    ['25 hours behind', -25 * HOUR_MS],
    ['3 days behind', -3 * DAY_MS],
    ['50 years ahead', 50 * 365 * DAY_MS],
    ['50 years behind', -50 * 365 * DAY_MS],
  ])('%s: one image, under an id of the server’s time', async (_, offsetMs) => {
    aheadMs = offsetMs
    report = reported
    const client = openClient()
    const { id } = await client.upload(new Blob(['x']))
    expect([...stored]).toEqual([id])
    const second = await client.upload(new Blob(['y']))
    expect(Math.abs(timeOf(second.id) - serverTime().getTime())).toBeLessThan(2000)
    expect(rejected).toBe(1)
  })
})

test.each([[12 * HOUR_MS], [3 * DAY_MS], [-3 * DAY_MS]])(
  'an upload that is repeated after a reload is one image, with a clock %d ms ahead',
  async (offsetMs) => {
    aheadMs = offsetMs
    const idempotencyKey = newIdempotencyKey()
    const first = await openClient().upload(new Blob(['x']), { idempotencyKey })
    aheadMs = offsetMs + 1000
    const again = await openClient().upload(new Blob(['x']), { idempotencyKey })
    expect(again.id).toBe(first.id)
    expect([...stored]).toEqual([first.id])
  },
)

test('a clock before 1970 counts as 1970', () => {
  jest.useFakeTimers({ now: -DAY_MS })
  expect(newIdempotencyKey()).toMatch(/^00000000-0000-7/)
  jest.useRealTimers()
})

test('an old key from a device whose clock is right is an error: its image may exist', async () => {
  const old = (Date.now() - 2 * DAY_MS).toString(16).padStart(12, '0')
  const idempotencyKey = `${old.slice(0, 8)}-${old.slice(8)}${newIdempotencyKey().slice(13)}`
  const upload = openClient().upload(new Blob(['x']), { idempotencyKey })
  await expect(upload).rejects.toMatchObject({ type: 'clock-skew', serverTimeMs: expect.any(Number) })
  expect([rejected, stored.size]).toEqual([1, 0])
})
