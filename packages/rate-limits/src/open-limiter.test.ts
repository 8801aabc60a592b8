import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { UsageLimits } from '@darkroom/app-configuration'
import { ProblemError } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Limiter, openLimiter } from './open-limiter.ts'
import { createUsageTable } from './testing/create-usage-table.ts'
import { openUsageTable, usageTableName } from './usage-table.ts'

const aws = await startLocalAws()
Object.assign(process.env, awsEnvironment(aws.endpoint))
await createUsageTable('test')
// Hundreds of instances wait for one local server.
const table = openUsageTable(usageTableName('test'), 60_000)
afterAll(() => aws.stop())

const START = Date.UTC(2026, 10, 29, 12)
let now = START
let limits: UsageLimits
const failures: Error[] = []
beforeEach(() => {
  now = START
  failures.length = 0
})

/** One instance of a function. */
const open = (own = table): Limiter =>
  openLimiter({
    table: own,
    limitsOf: () => ({ limits }),
    onFailure: (_, error) => failures.push(error),
    now: () => now,
  })

const image = { bytes: 1_000, pixels: 600 }
const tryTo = async (limiter: Limiter, app: string, use = image) =>
  limiter.admit(app, use).then(
    () => undefined,
    (error) => error as ProblemError,
  )
/** Sends so many uploads, from 200 instances at once, and counts those that were admitted. */
async function flood(app: string, uploads: number): Promise<number> {
  const instances = Array.from({ length: 200 }, () => open())
  const sent = await Promise.all(
    Array.from({ length: uploads }, (_, index) => tryTo(instances[index % 200] as Limiter, app)),
  )
  return sent.filter((error) => error === undefined).length
}

describe('200 instances at once', () => {
  test('admit the burst, and not one upload more', async () => {
    limits = { imagesPerSecond: 10, burstImages: 100 }
    expect(await flood('flooding', 220)).toBe(100)
    expect(failures).toEqual([])
  })

  test('admit the average later, as if the refused ones had never come', async () => {
    limits = { imagesPerSecond: 4, burstImages: 40 }
    expect(await flood('steady', 60)).toBe(40)
    // The first half of the burst's window is more than ten seconds ago.
    now = START + 15_000
    expect(await flood('steady', 60)).toBe(20)
    now = START + 40_000
    expect(await flood('steady', 60)).toBe(40)
  })

  test('share the quota of a day', async () => {
    limits = { imagesPerDay: 50 }
    expect(await flood('daily', 90)).toBe(50)
    now = START + 12 * 3_600_000
    expect(await flood('daily', 90)).toBe(50)
  })
})

test('an app at its limit takes nothing from another', async () => {
  limits = { imagesPerSecond: 1, burstImages: 1 }
  const limiter = open()
  expect(await tryTo(limiter, 'loud')).toBeUndefined()
  expect(await tryTo(limiter, 'loud')).toBeInstanceOf(ProblemError)
  expect(await tryTo(limiter, 'quiet')).toBeUndefined()
})

describe('a refusal', () => {
  test('of a rate says what is allowed and when to try again', async () => {
    limits = { imagesPerSecond: 2, burstImages: 4 }
    const limiter = open()
    for (let sent = 0; sent < 4; sent++) expect(await tryTo(limiter, 'brisk')).toBeUndefined()
    expect(await tryTo(limiter, 'brisk')).toMatchObject({
      slug: 'rate-limited',
      status: 429,
      detail: 'The app brisk may send 2 images a second, and 4 at once. Try again in 3 seconds.',
      headers: {
        'retry-after': '3',
        'ratelimit-policy': '"images";q=4;w=2',
        ratelimit: '"images";r=0;t=3',
      },
    })
  })

  test.each(['asked', 'remembered'])('says what is left of the other limits, if it is %s', async (kind) => {
    limits = { imagesPerDay: 100, bytesPerDay: 3_500 }
    const limiter = open()
    for (let sent = 0; sent < 3; sent++) expect(await tryTo(limiter, kind)).toBeUndefined()
    if (kind === 'remembered') await tryTo(limiter, kind)
    expect(await tryTo(limiter, kind)).toMatchObject({
      headers: { ratelimit: '"images-per-day";r=97;t=43200, "bytes-per-day";r=0;t=43200' },
    })
  })

  test('of bytes lets smaller images pass', async () => {
    limits = { bytesPerSecond: 10_000_000, burstBytes: 60_000_000 }
    const limiter = open()
    expect(await tryTo(limiter, 'heavy', { bytes: 40_000_000, pixels: 1 })).toBeUndefined()
    expect(await tryTo(limiter, 'heavy', { bytes: 30_000_000, pixels: 1 })).toMatchObject({
      detail: expect.stringContaining(
        'The app heavy may send 10,000,000 bytes a second, and 60,000,000 at once.',
      ),
    })
    expect(await tryTo(limiter, 'heavy', { bytes: 20_000_000, pixels: 1 })).toBeUndefined()
  })

  test.each<[UsageLimits, string]>([
    [{ imagesPerDay: 1 }, '1 image'],
    [{ bytesPerDay: 1_500 }, '1,500 bytes'],
    [{ pixelsPerDay: 700 }, '700 pixels'],
  ])('of a day says until when: %j', async (quota, figure) => {
    limits = quota
    const app = `daily-${Object.keys(quota)[0]?.toLowerCase()}`
    const limiter = open()
    expect(await tryTo(limiter, app)).toBeUndefined()
    const detail = `The app ${app} has used its ${figure} of today (UTC). Try again in 12 hours.`
    expect(await tryTo(limiter, app)).toMatchObject({
      slug: 'quota-exceeded',
      detail,
      headers: { 'retry-after': '43200' },
    })
  })

  test('is repeated without a write until there is room, or the limit is another', async () => {
    limits = { imagesPerSecond: 1, burstImages: 1 }
    let writes = 0
    const counting = {
      ...table,
      add: (...args: Parameters<typeof table.add>) => {
        writes++
        return table.add(...args)
      },
    }
    const limiter = open(counting)
    await tryTo(limiter, 'patient')
    for (let sent = 0; sent < 10; sent++) expect(await tryTo(limiter, 'patient')).toBeInstanceOf(ProblemError)
    // The admitted one, the refused one, and taking it back.
    expect(writes).toBe(3)
    limits = { imagesPerSecond: 1, burstImages: 2 }
    expect(await tryTo(limiter, 'patient')).toBeUndefined()
    now += 4_000
    expect(await tryTo(limiter, 'patient')).toBeUndefined()
  })
})

test('an answer says what is left', async () => {
  limits = { imagesPerSecond: 50, imagesPerDay: 1_000, bytesPerDay: 60_000_000, pixelsPerDay: 1_000_000 }
  expect(await open().admit('told', image)).toEqual({
    'ratelimit-policy':
      '"images";q=500;w=10, "images-per-day";q=1000;w=86400, "bytes-per-day";q=60000000;w=86400;qu="content-bytes"',
    ratelimit: '"images";r=499;t=10, "images-per-day";r=999;t=43200, "bytes-per-day";r=59999000;t=43200',
  })
})

test('pixels that are known later count for the next upload', async () => {
  limits = { pixelsPerDay: 1_000 }
  const limiter = open()
  await limiter.admit('later', { bytes: 1 })
  await limiter.addPixels('later', 900)
  expect(await tryTo(limiter, 'later')).toMatchObject({ slug: 'quota-exceeded' })
})

test('counters of past windows are deleted', async () => {
  limits = { imagesPerSecond: 10 }
  const limiter = open()
  for (let window = 0; window < 5; window++) {
    await limiter.admit('tidy', image)
    now += 20_000
  }
  const sums = await table.add('tidy/2026-11-29/0', { 'images:10000:0': 1 }, [], new Date(now))
  const counters = Object.keys(sums).filter((name) => name.startsWith('images:'))
  // The last two windows, and the one that this test adds.
  expect(counters).toHaveLength(3)
})

test('an app of thousands of images a second has several items, and the same limit', async () => {
  limits = { imagesPerSecond: 2_000, burstImages: 2_000 }
  const used = new Set<string>()
  const watching = {
    ...table,
    add: (...args: Parameters<typeof table.add>) => {
      used.add(args[0])
      return table.add(...args)
    },
  }
  const limiter = open(watching)
  await Promise.all(Array.from({ length: 200 }, () => limiter.admit('huge', image)))
  expect(used.size).toBe(4)
})

test('without a table, uploads are admitted and the failure is reported once in a while', async () => {
  limits = { imagesPerSecond: 1, burstImages: 1 }
  const limiter = open(openUsageTable('darkroom-none-usage'))
  for (let sent = 0; sent < 5; sent++) expect(await tryTo(limiter, 'lost')).toBeUndefined()
  expect(failures.map(({ name }) => name)).toEqual(['ResourceNotFoundException'])
  now += 5_000
  expect(await tryTo(limiter, 'lost')).toBeUndefined()
  expect(failures).toHaveLength(2)
})

test('an app that writes more than an item can take is refused', async () => {
  limits = { imagesPerDay: 10 }
  const type = 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'
  const server = createServer((_, response) =>
    response.writeHead(400).end(JSON.stringify({ __type: type, message: 'slow down' })),
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    const limiter = open(openUsageTable(usageTableName('test'), 60_000))
    expect(await tryTo(limiter, 'faster')).toMatchObject({
      slug: 'rate-limited',
      headers: { 'retry-after': '1' },
    })
  } finally {
    process.env.AWS_ENDPOINT_URL_DYNAMODB = ''
    server.closeAllConnections()
    server.close()
  }
})
