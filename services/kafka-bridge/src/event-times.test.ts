import { dateOf, deriveImageId, isPlausibleTime, parseInputKey, timeOf } from '@darkroom/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import fc from 'fast-check'
import {
  CLOUD_EVENT,
  cloudEvent,
  kafkaRecord,
  structuredEvent,
  TIMESTAMP,
  TOPIC,
  tinyImage,
} from '../test/kafka-records.ts'
import { imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterEach(() => void jest.restoreAllMocks())
afterAll(() => local.stop())

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NOW = Date.now()

/** The service's clock; S3 and SQS keep their own. */
const setClock = (now: number) => jest.spyOn(Date, 'now').mockReturnValue(now)

const withTime = (ce_time: string) =>
  kafkaRecord({ value: tinyImage(1), headers: { ...CLOUD_EVENT, 'content-type': '', ce_time } })
const structuredWithTime = (time: unknown) =>
  structuredEvent({ time, data_base64: tinyImage(1).toString('base64') })
const bare = (timestamp: number) => kafkaRecord({ value: tinyImage(1), timestamp })
const untimed = (timestamp: number) => {
  const { ce_time: _, 'content-type': __, ...headers } = CLOUD_EVENT
  return kafkaRecord({ value: tinyImage(1), headers, timestamp })
}

const iso = (time: number) => new Date(time).toISOString()
/** The same instant in the notation of a place two hours ahead of UTC. */
const inLocalTime = (time: number) => iso(time + 2 * HOUR_MS).replace('Z', '+02:00')

const storedIds = async () => (await local.keys('input/')).map((key) => parseInputKey(key)?.imageId)

/** Delivers a record now, twice in three days, and after more than a year. All of it must be one image. */
async function deliverAgainAndAgain(record: MSKRecord) {
  const counts = []
  for (const later of [0, 2 * HOUR_MS, 3 * DAY_MS, 400 * DAY_MS]) {
    setClock(NOW + later)
    const delivery = await local.count(record)
    expect(delivery.answer).toEqual(NO_FAILURES)
    counts.push(...delivery.counts)
  }
  const ids = await storedIds()
  expect(ids).toHaveLength(1)
  const messages = await local.takeMessages()
  expect(new Set(messages.map(({ subject }) => subject))).toEqual(new Set(ids))
  return {
    imageId: String(ids[0]),
    implausible: counts.filter(({ name }) => name === 'KafkaImplausibleTimes'),
  }
}

describe('a plausible time is in the id', () => {
  test.each([
    ['ce_time', withTime(iso(NOW)), NOW],
    ['ce_time with an offset', withTime(inLocalTime(NOW)), NOW],
    ['ce_time, 23 hours ago', withTime(iso(NOW - 23 * HOUR_MS)), NOW - 23 * HOUR_MS],
    ['time of a structured event', structuredWithTime(inLocalTime(NOW)), NOW],
    ['timestamp of bare bytes', bare(NOW - 1000), NOW - 1000],
    ['timestamp of an event without a time', untimed(NOW - 1000), NOW - 1000],
  ])('%s', async (_, record, time) => {
    const { imageId } = await deliverAgainAndAgain(record)
    expect(imageId).toBe(imageOf(record).imageId)
    expect(timeOf(imageId).getTime()).toBe(time)
  })
})

describe('an implausible time is counted, and the id has the time of acceptance', () => {
  const FUTURE = NOW + 2 * HOUR_MS
  test.each([
    ['ce_time +2 h', withTime(iso(FUTURE))],
    ['ce_time 40 days ago', withTime(iso(NOW - 40 * DAY_MS))],
    ['ce_time in 2015', withTime('2015-06-01T12:00:00Z')],
    ['ce_time in 1970', withTime('1970-01-01T00:00:00Z')],
    ['ce_time in 2099', withTime('2099-01-01T00:00:00Z')],
    ['ce_time 0', withTime('0')],
    ['ce_time -1', withTime('-1')],
    ['ce_time in microseconds', withTime(String(NOW * 1000))],
    ['ce_time without an offset', withTime('2026-11-23T01:30:00')],
    ['time 0 of a structured event', structuredWithTime(0)],
    ['time in 2099 of a structured event', structuredWithTime('2099-01-01T00:00:00Z')],
    ...[FUTURE, NOW - 40 * DAY_MS, 0, -1, NOW * 1000, Number.MAX_SAFE_INTEGER].flatMap(
      (timestamp): [string, MSKRecord][] => [
        [`timestamp ${timestamp} of bare bytes`, bare(timestamp)],
        [`timestamp ${timestamp} of an event without a time`, untimed(timestamp)],
      ],
    ),
  ])('%s', async (_, record) => {
    const { imageId, implausible } = await deliverAgainAndAgain(record)
    expect(timeOf(imageId).getTime()).toBe(NOW)
    expect(implausible.length).toBeGreaterThanOrEqual(3)
    expect(implausible[0]).toEqual({
      name: 'KafkaImplausibleTimes',
      dimensions: { service: 'kafka-bridge', stage: 'test', topic: TOPIC },
      records: 1,
    })
  })

  test('and logged with the position and the id', async () => {
    const { logger } = await import('./logger.ts')
    const warn = jest.spyOn(logger, 'warn')
    await local.bridge(withTime('2099-01-01T00:00:00Z'))
    const [imageId] = await storedIds()
    expect(warn.mock.calls).toEqual([
      [
        'event time not plausible',
        {
          ...{ topic: TOPIC, partition: 0, offset: 15, app: 'web-app-2', imageId },
          eventTime: '2099-01-01T00:00:00.000Z',
        },
      ],
    ])
  })
})

test('an event sent again with another time, in another record, is the same image', async () => {
  await local.bridge(withTime(iso(NOW - HOUR_MS)))
  await local.bridge({ ...withTime(iso(NOW)), partition: 3, offset: 7 }, structuredWithTime(undefined))
  expect(await storedIds()).toEqual([imageOf(withTime(iso(NOW - HOUR_MS))).imageId])
})

test('an old event whose image was accepted before decisions were remembered is that image', async () => {
  const record = cloudEvent('old', tinyImage(1))
  await local.bridge(record)
  await local.forgetEvents()
  setClock(TIMESTAMP + 40 * DAY_MS)
  expect(await local.bridge({ ...record, offset: 99 })).toEqual(NO_FAILURES)
  expect(await storedIds()).toEqual([imageOf(record).imageId])
})

test('a decision that cannot be read is replaced', async () => {
  const record = cloudEvent('damaged', tinyImage(1))
  await local.bridge(record)
  const [key = ''] = await local.keys('events/')
  await local.put(key, 'no id')
  expect(await local.bridge(record)).toEqual(NO_FAILURES)
  const { Body } = await local.get(key)
  expect(await Body?.transformToString()).toBe(imageOf(record).imageId)
})

/** A delivery of the event: the clock moves, and several partitions have the record at once. */
const delivery = fc.record({ afterMs: fc.nat(3 * DAY_MS), copies: fc.integer({ min: 1, max: 3 }) })
const aroundLimits = [-DAY_MS, 0, 5 * MINUTE_MS].flatMap((limit) => [limit - 1, limit, limit + 1])
const skew = fc.oneof(
  fc.integer({ min: -50 * DAY_MS, max: 50 * DAY_MS }),
  fc.integer({ min: -NOW - DAY_MS, max: NOW }),
)

test('whatever its time, an event is one image, under the date of the event or of its acceptance', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(skew, fc.array(delivery, { minLength: 1, maxLength: 4 }), async (skewMs, deliveries) => {
      const time = new Date(NOW + skewMs)
      const identity = { app: 'web-app-2', source: `/run-${++run}`, id: 'event' }
      const headers = { ...CLOUD_EVENT, 'content-type': '', ce_id: identity.id, ce_source: identity.source }
      const record = kafkaRecord({ value: tinyImage(1), headers: { ...headers, ce_time: time.toJSON() } })
      let now = NOW
      for (const [turn, { afterMs, copies }] of deliveries.entries()) {
        if (turn > 0) now += afterMs
        setClock(now)
        const partitions = Array.from({ length: copies }, (_, partition) => ({ ...record, partition }))
        expect(await local.bridge(...partitions)).toEqual(NO_FAILURES)
      }
      const expected = deriveImageId({ ...identity, time: isPlausibleTime(time, NOW) ? time : new Date(NOW) })
      const messages = await local.takeMessages()
      expect(new Set(messages.map(({ subject }) => subject))).toEqual(new Set([expected]))
      expect(await local.keys(`input/web-app-2/${dateOf(expected)}/${expected}`)).toHaveLength(1)
    }),
    { numRuns: 25, examples: aroundLimits.map((limit) => [limit, [{ afterMs: 0, copies: 2 }]]) },
  )
})
