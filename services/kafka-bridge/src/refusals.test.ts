import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { CLOUD_EVENT, cloudEvent, kafkaRecord, photograph } from '../test/kafka-records.ts'
import { NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const photo = await photograph()
const otherType = { ...CLOUD_EVENT, ce_type: 'order.placed' }

test('rejected records without an image are reported, one event for the batch', async () => {
  const records = [0, 1, 2].map((offset) => kafkaRecord({ value: photo, headers: otherType, offset }))
  expect(await local.bridge(...records)).toEqual(NO_FAILURES)
  expect(await local.takeRefusals()).toMatchObject([
    {
      source: '/darkroom/kafka-bridge',
      data: {
        app: 'web-app-2',
        origin: 'kafka',
        refusal_type: 'malformed-request',
        refusals: 3,
        bytes: 3 * photo.length,
      },
    },
  ])
})

test('rejected records with an image are not, because their document is announced', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
  expect(await local.bridge(cloudEvent('refused', svg), cloudEvent('good', photo, { offset: 16 }))).toEqual(
    NO_FAILURES,
  )
  expect(await local.keys('metadata/')).toHaveLength(1)
  expect(await local.takeRefusals()).toEqual([])
})

test('records of a topic without an app are of nobody', async () => {
  const record = kafkaRecord({ value: photo, topic: 'images.unknown' })
  expect(await local.bridge(record)).toEqual(NO_FAILURES)
  expect(await local.takeRefusals()).toEqual([])
})
