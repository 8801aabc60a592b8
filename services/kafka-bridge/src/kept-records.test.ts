import { deriveImageId, inputKey, ProblemError } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import { injectFaults } from '../test/inject-faults.ts'
import {
  CLOUD_EVENT,
  cloudEvent,
  DATE,
  kafkaRecord,
  TIMESTAMP,
  TOPIC,
  tinyImage,
} from '../test/kafka-records.ts'
import { failedFrom, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'
import { type Kept, keptOf } from './kept-records.ts'
import { RefusedImage } from './submission.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const noEvent = new ProblemError('malformed-request', 'no event')
const noImage = refused('unsupported-media-type')

function refused(slug: ProblemError['slug']): RefusedImage {
  const imageId = deriveImageId({ app: 'web-app-2', source: '/', id: '1', time: new Date(TIMESTAMP) })
  const image = {
    app: 'web-app-2',
    imageId,
    origin: { kind: 'kafka', topic: TOPIC, partition: 0, offset: 1 },
  } as const
  return new RefusedImage(image, new ProblemError(slug, 'refused'))
}

describe('in a minute of an app', () => {
  const kept = (
    count: number,
    problem: ProblemError,
    now = TIMESTAMP,
    topic = TOPIC,
  ): Partial<Record<Kept, number>> => {
    const all = Array.from({ length: count }, () => keptOf(topic, problem, now))
    return Object.fromEntries([...Map.groupBy(all, (one) => one)].map(([one, { length }]) => [one, length]))
  }

  test('60 records are kept, and of 600 more with an image its status', () => {
    expect(kept(700, noImage)).toEqual({ record: 60, status: 600, position: 40 })
    expect(kept(1, noEvent)).toEqual({ position: 1 })
  })

  test('other apps, and the next minute, have their own', () => {
    expect(kept(70, noEvent)).toEqual({ record: 60, position: 10 })
    expect(kept(60, noEvent, TIMESTAMP, 'images.unknown')).toEqual({ record: 60 })
    expect(kept(70, noEvent, TIMESTAMP + 59_999)).toEqual({ position: 70 })
    expect(kept(70, noEvent, TIMESTAMP + 60_000)).toEqual({ record: 60, position: 10 })
  })

  test.each(['quota-exceeded', 'internal'] as const)('every record that is refused as %s is kept', (slug) => {
    expect(kept(700, refused(slug))).toEqual({ record: 700 })
    expect(kept(60, noImage)).toEqual({ record: 60 })
  })
})

/** As if so many records with an image had been rejected before, in this minute. */
const rejectBefore = (records: number) => {
  for (let rejected = 0; rejected < records; rejected++) keptOf(TOPIC, noImage)
}
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
const poison = (offset: number) => cloudEvent(`poison-${offset}`, svg, { offset })
const good = (offset: number) => cloudEvent(`good-${offset}`, tinyImage(offset), { offset })
const listedAt = async (place: string) => {
  const { Body, Metadata } = await local.get(`rejected/${TOPIC}/${DATE}/${place}`)
  return { ...JSON.parse(String(await Body?.transformToString())), metadata: Metadata }
}
const listed = (record: MSKRecord, hasStatus: boolean) => ({
  offset: record.offset,
  timestamp: TIMESTAMP,
  reason: 'unsupported-media-type',
  imageId: imageOf(record).imageId,
  hasStatus,
})
const counted = (name: string, records: number, reason?: string) =>
  expect.objectContaining({
    name,
    records,
    ...(reason && { dimensions: expect.objectContaining({ reason }) }),
  })

describe('in a storm of records that are no images', () => {
  test('the good ones are accepted, and the others have a status and are listed', async () => {
    rejectBefore(59)
    const records = [poison(0), good(1), poison(2), good(3), poison(4)]
    const { answer, counts } = await local.count(...records)
    expect(answer).toEqual(NO_FAILURES)
    expect(await local.keys('input/')).toEqual(
      [good(1), good(3)].map((record) => inputKey(imageOf(record))).toSorted(),
    )
    expect(await local.takeMessages()).toHaveLength(2)
    const place = `rejected/${TOPIC}/${DATE}`
    expect(await local.keys('rejected/')).toEqual([`${place}/0-0`, `${place}/0-2-4`])
    expect(await listedAt('0-2-4')).toEqual({
      topic: TOPIC,
      partition: 0,
      records: [listed(poison(2), true), listed(poison(4), true)],
      metadata: { records: '2' },
    })
    for (const offset of [0, 2, 4]) {
      const failed = { status: 'failed', failure_type: 'unsupported-media-type', kafka_offset: offset }
      expect(await local.document(imageOf(poison(offset)))).toMatchObject(failed)
    }
    expect(counts).toEqual(
      expect.arrayContaining([
        counted('KafkaRecordsAccepted', 2),
        counted('KafkaRecordsRejected', 3, 'unsupported-media-type'),
        counted('KafkaRecordsListed', 2),
      ]),
    )
    expect(await local.takeRefusals()).toEqual([])
  })

  test('that is larger, they are only listed, and reported as refusals', async () => {
    rejectBefore(660)
    const other = kafkaRecord({ value: svg, headers: { ...CLOUD_EVENT, ce_type: 'order.placed' }, offset: 7 })
    expect(await local.bridge(poison(5), good(6), other)).toEqual(NO_FAILURES)
    expect(await local.keys('metadata/')).toEqual([])
    expect(await local.takeMessages()).toHaveLength(1)
    expect((await listedAt('0-5-7')).records).toEqual([
      listed(poison(5), false),
      { offset: 7, timestamp: TIMESTAMP, reason: 'malformed-request', hasStatus: false },
    ])
    expect((await local.takeRefusals()).map(({ data }) => [data.refusal_type, data.refusals])).toEqual([
      ['unsupported-media-type', 1],
      ['malformed-request', 1],
    ])
  })

  test('a partition stops at the first record that is to be listed until S3 answers', async () => {
    rejectBefore(60)
    const records = [good(0), poison(1), good(2), poison(3)]
    const end = injectFaults(local.clients, (name, input) =>
      name === 'PutObjectCommand' && JSON.stringify(input).includes('"rejected/') ? 'lost' : undefined,
    )
    expect(await local.bridge(...records)).toEqual({ batchItemFailures: [failedFrom(1)] })
    end()
    expect(await local.bridge(...records.slice(1))).toEqual(NO_FAILURES)
    expect((await listedAt('0-1-3')).records).toHaveLength(2)
    expect(await local.keys('input/')).toHaveLength(2)
  })
})
