import { inputKey, ProblemError } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord, SQSEvent } from 'aws-lambda'
import { injectFaults } from '../test/inject-faults.ts'
import { cloudEvent, DATE, kafkaEvent, kafkaRecord, photograph, TOPIC } from '../test/kafka-records.ts'
import { countMetrics, imageOf, type OpenBridge, openBridge, Undelivered } from '../test/open-bridge.ts'

let local: OpenBridge
let handler: (event: SQSEvent) => Promise<void>
beforeAll(async () => {
  local = await openBridge()
  handler = (await import('./bridge-undelivered.ts')).handler
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const photo = await photograph()
const KEY = 'aws/lambda/5e8a/2026/11/28/2026-11-28T13.45.00-a b+c'

/** Keeps a batch as Lambda does. */
async function giveUp(condition: string, ...records: MSKRecord[]): Promise<void> {
  const requestContext = { requestId: '1', functionArn: 'arn', condition, approximateInvokeCount: 0 }
  const payload = JSON.stringify(kafkaEvent(...records))
  await local.putUndelivered(KEY, JSON.stringify({ requestContext, version: '1.0', payload }))
}

/** Delivers what S3 says of it. */
const notify = (
  body: object = { Records: [{ s3: { object: { key: encodeURIComponent(KEY).replaceAll('%20', '+') } } }] },
) => countMetrics(() => handler({ Records: [{ body: JSON.stringify(body) }] } as SQSEvent))

const keptAt = (offset: number) => local.get(`rejected/${TOPIC}/${DATE}/0-${offset}`)

describe('a record that was too large for an event', () => {
  const record = cloudEvent('large', photo)

  test('is rejected with the reason, its image fails, and the batch is deleted', async () => {
    await giveUp('MaximumPayloadSizeExceeded', record)
    await notify()
    const { Body, Metadata } = await keptAt(15)
    expect(JSON.parse(String(await Body?.transformToString()))).toEqual(record)
    expect(Metadata?.reason).toBe('payload-too-large')
    expect(await local.document(imageOf(record))).toMatchObject({
      status: 'failed',
      failure_type: 'payload-too-large',
      failure_detail: expect.stringContaining('claim check'),
      kafka_offset: 15,
    })
    expect(await local.undeliveredKeys()).toEqual([])
    expect(await local.takeMessages()).toEqual([])
  })

  test('and is no valid event is rejected for that', async () => {
    await giveUp(
      'MaximumPayloadSizeExceeded',
      kafkaRecord({ value: photo, headers: { ce_specversion: '1.0' } }),
    )
    await notify()
    expect((await keptAt(15)).Metadata?.reason).toBe('malformed-request')
    expect(await local.undeliveredKeys()).toEqual([])
  })

  test('stays there until it is rejected', async () => {
    await giveUp('MaximumPayloadSizeExceeded', record)
    const end = injectFaults(local.clients, (name, input) =>
      name === 'PutObjectCommand' && JSON.stringify(input).includes('"rejected/') ? 'lost' : undefined,
    )
    await expect(notify()).rejects.toThrow(/could not be stored/)
    end()
    expect(await local.undeliveredKeys()).toEqual([KEY])
    await notify()
    expect((await keptAt(15)).Metadata?.reason).toBe('payload-too-large')
    expect(await local.undeliveredKeys()).toEqual([])
  })

  test('whose event is delivered again changes nothing', async () => {
    await giveUp('MaximumPayloadSizeExceeded', record)
    await notify()
    const keys = await local.keys('')
    await notify()
    expect(await local.keys('')).toEqual(keys)
  })
})

test('records that were retried for a week are accepted, or rejected for what they are', async () => {
  const [sound, text] = [
    cloudEvent('late', photo),
    cloudEvent('text', Buffer.from('no image'), { offset: 16 }),
  ]
  await giveUp('RecordAgeExceeded', sound, text)
  await notify()
  expect(await local.keys('input/')).toEqual([inputKey(imageOf(sound))])
  expect(await local.takeMessages()).toMatchObject([{ subject: imageOf(sound).imageId }])
  expect((await keptAt(16)).Metadata?.reason).toBe('unsupported-media-type')
  expect(await local.undeliveredKeys()).toEqual([])
})

test('a rejected record is kept, however many others were: its batch is deleted', async () => {
  const { keptOf } = await import('./kept-records.ts')
  for (let others = 0; others < 1_000; others++)
    keptOf(TOPIC, new ProblemError('malformed-request', 'no event'))
  await giveUp('RecordAgeExceeded', cloudEvent('text', Buffer.from('no image'), { offset: 16 }))
  await notify()
  expect((await keptAt(16)).Metadata?.reason).toBe('unsupported-media-type')
  expect(await local.undeliveredKeys()).toEqual([])
})

test("S3's test event is no batch", async () => {
  await notify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: Undelivered })
})
