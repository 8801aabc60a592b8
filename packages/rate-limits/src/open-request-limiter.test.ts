import type { RequestRate } from '@darkroom/app-configuration'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { openRequestLimiter, type RequestLimiter } from './open-request-limiter.ts'
import { createUsageTable } from './testing/create-usage-table.ts'
import { openUsageTable, usageTableName } from './usage-table.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
await createUsageTable('test')
// Hundreds of instances wait for one local server.
const table = openUsageTable(usageTableName('test'), 60_000)
afterAll(() => aws.stop())

let now = 0
let rate: RequestRate | undefined
let writes = 0
const failures: Error[] = []
beforeEach(() => {
  now = Date.UTC(2026, 10, 29, 12)
  rate = { perSecond: 20, burst: 200 }
  writes = 0
  failures.length = 0
})

const counting: typeof table = {
  ...table,
  add: (...args) => {
    writes++
    return table.add(...args)
  },
}

/** One instance of the authorizer. */
const open = (own = counting): RequestLimiter =>
  openRequestLimiter({
    table: own,
    rateOf: () => rate,
    onFailure: (_, error) => failures.push(error),
    now: () => now,
  })
const admits = async (limiter: RequestLimiter, app: string) =>
  (await limiter.count(app)).overLimit === undefined

/** Sends so many requests through instances in turn, and counts those that were admitted. */
async function sendThrough(instances: RequestLimiter[], app: string, requests: number): Promise<number> {
  let admitted = 0
  for (let sent = 0; sent < requests; sent++)
    if (await admits(instances[sent % instances.length] as RequestLimiter, app)) admitted++
  return admitted
}

test('one instance admits the burst, and not one request more', async () => {
  expect(await sendThrough([open()], 'single', 300)).toBe(200)
})

test('within its limit, an app costs a write for ten requests', async () => {
  await sendThrough([open()], 'thrifty', 200)
  expect(writes).toBeLessThanOrEqual(20)
})

test('instances count together: each can admit a twentieth of the burst too much, at most ten requests', async () => {
  const instances = Array.from({ length: 20 }, () => open())
  const admitted = await sendThrough(instances, 'spread', 2_000)
  expect(admitted).toBeGreaterThanOrEqual(200)
  expect(admitted).toBeLessThanOrEqual(200 + 20 * 10)
})

test('at once, 200 instances admit no more than that', async () => {
  const instances = Array.from({ length: 200 }, () => open())
  const admitted = await Promise.all(instances.map((instance) => sendThrough([instance], 'flooding', 30)))
  const sum = admitted.reduce((total, one) => total + one)
  expect(sum).toBeGreaterThanOrEqual(200)
  expect(sum).toBeLessThanOrEqual(200 + 200 * 10)
})

test('no instance refuses an app that is below its limit', async () => {
  const instances = Array.from({ length: 20 }, () => open())
  // A window of ten seconds has room for 200.
  for (let second = 0; second < 40; second++) {
    expect(await sendThrough(instances, 'steady', 18)).toBe(18)
    now += 1_000
  }
})

test('over the limit, an instance asks once a second at most, and admits the average later', async () => {
  const limiter = open()
  await sendThrough([limiter], 'looping', 200)
  writes = 0
  let admitted = 0
  for (let second = 0; second < 40; second++) {
    admitted += await sendThrough([limiter], 'looping', 100)
    now += 1_000
  }
  // 20 a second; of the first window, the part that is still within ten seconds.
  expect(admitted).toBeGreaterThan(500)
  expect(admitted).toBeLessThanOrEqual(800)
  expect(writes).toBeLessThanOrEqual(40 + admitted / 10)
})

test('an app at its limit takes nothing from another, and one without a limit costs nothing', async () => {
  const limiter = open()
  await sendThrough([limiter], 'loud', 300)
  expect(await sendThrough([limiter], 'quiet', 200)).toBe(200)
  rate = undefined
  writes = 0
  expect(await limiter.count('loud')).toEqual({})
  expect(writes).toBe(0)
})

test('an answer says what is left, a refusal when there is more', async () => {
  rate = { perSecond: 2, burst: 4 }
  const limiter = open()
  expect(await limiter.count('told')).toEqual({
    'ratelimit-policy': '"requests";q=4;w=2',
    ratelimit: '"requests";r=3;t=2',
  })
  await sendThrough([limiter], 'told', 3)
  expect(await limiter.count('told')).toEqual({
    'ratelimit-policy': '"requests";q=4;w=2',
    ratelimit: '"requests";r=0;t=3',
    overLimit: 'The app told may send 2 requests a second, and 4 at once. Try again in 3 seconds.',
    retryAfter: '3',
  })
})

test('without a table, requests are admitted, and the failure is reported once in a while', async () => {
  rate = { perSecond: 1, burst: 1 }
  const limiter = open(openUsageTable('darkroom-none-usage'))
  expect(await sendThrough([limiter], 'lost', 5)).toBe(5)
  expect(failures).toHaveLength(1)
  now += 5_000
  expect(await sendThrough([limiter], 'lost', 2)).toBe(2)
  expect(failures).toHaveLength(2)
})

test('an app that writes more than an item can take is refused', async () => {
  rate = { perSecond: 1, burst: 1 }
  const throttled = Object.assign(new Error('slow down'), { name: 'ThrottlingException' })
  const limiter = open({ ...table, add: () => Promise.reject(throttled) })
  expect(await admits(limiter, 'faster')).toBe(true)
  expect(await limiter.count('faster')).toMatchObject({ overLimit: expect.any(String), retryAfter: '2' })
})
