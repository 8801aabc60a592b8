import { configurationFile } from '@darkroom/app-configuration/testing'
import { createUsageTable } from '@darkroom/rate-limits/testing'
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { CLOUD_EVENT, kafkaRecord, photograph, TOPIC } from '../test/kafka-records.ts'
import { imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

const photo = await photograph()

// The bridge waits for half a second for the table, and then admits without it. A busy machine can take longer.
const patience = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal)
let local: OpenBridge
beforeAll(async () => {
  const apps = {
    'web-app-2': { topics: [TOPIC], limits: { imagesPerDay: 2 } },
    // One image is hours of its average.
    slow: { topics: ['slow'], maxBytes: photo.length, limits: { bytesPerSecond: 1 } },
    patient: { topics: ['patient'], limits: { imagesPerSecond: 1, burstImages: 1 } },
  }
  process.env.APPS_FILE = configurationFile({ apps })
  local = await openBridge()
  await createUsageTable('test')
})
beforeEach(() => local.clear())
afterAll(async () => {
  patience.mockRestore()
  await local.stop()
})

const event = (offset: number, topic = TOPIC) =>
  kafkaRecord({
    topic,
    offset,
    value: photo,
    headers: { ...CLOUD_EVENT, ce_id: `${topic}-${offset}`, 'content-type': 'image/jpeg' },
  })

test('a record over the quota of a day is rejected with the quota, and the next one too', async () => {
  const records = [0, 1, 2, 3].map((offset) => event(offset))
  const { answer, counts } = await local.count(...records)
  expect(answer).toEqual(NO_FAILURES)
  expect(JSON.stringify(counts)).toContain('quota-exceeded')
  expect(await local.takeMessages()).toHaveLength(2)
  expect(await local.document(imageOf(event(3)))).toMatchObject({
    status: 'failed',
    failure_type: 'quota-exceeded',
    failure_detail: expect.stringMatching(
      /^The app web-app-2 has used its 2 images of today \(UTC\)\. Try again in /,
    ),
  })
  expect(await local.keys('rejected/')).toHaveLength(2)
})

test('a record that comes too fast waits, and is accepted', async () => {
  expect(await local.bridge(event(0, 'patient'), event(1, 'patient'))).toEqual(NO_FAILURES)
  expect(await local.takeMessages()).toHaveLength(2)
  expect(await local.keys('rejected/')).toEqual([])
})

test('a record that would wait for too long stays in Kafka', async () => {
  const { batchItemFailures } = await local.bridge(event(0, 'slow'), event(1, 'slow'), event(2, 'slow'))
  expect(batchItemFailures).toEqual([{ itemIdentifier: { partition: 'slow-0', offset: 1 } }])
  expect(await local.takeMessages()).toHaveLength(1)
  expect(await local.keys('rejected/')).toEqual([])
})
