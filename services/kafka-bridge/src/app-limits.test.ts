import { configurationFile } from '@darkroom/app-configuration/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { CLOUD_EVENT, kafkaRecord, photograph, structuredEvent, TOPIC } from '../test/kafka-records.ts'
import { Bucket, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

const photo = await photograph()
const png = await sharp({ create: { width: 9, height: 6, channels: 3, background: '#123' } })
  .png()
  .toBuffer()

let local: OpenBridge
beforeAll(async () => {
  const settings = { topics: [TOPIC], contentTypes: ['image/png' as const], maxBytes: photo.length }
  process.env.APPS_FILE = configurationFile({ apps: { 'web-app-2': settings } })
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const event = (value: Uint8Array, id: string, type = 'image/png') =>
  kafkaRecord({ value, headers: { ...CLOUD_EVENT, ce_id: id, 'content-type': type } })
const LARGE = Buffer.concat([png, Buffer.alloc(photo.length + 1 - png.length)])
const bytes = (image: Buffer) => `${image.length.toLocaleString('en')} bytes`

test('an image within the limits of its app is accepted', async () => {
  expect(await local.bridge(event(png, 'small'))).toEqual(NO_FAILURES)
  expect(await local.takeMessages()).toHaveLength(1)
})

test.each([
  [
    'too large',
    event(LARGE, 'large'),
    'payload-too-large',
    `The image has ${bytes(LARGE)}. The app web-app-2 accepts up to ${bytes(photo)}.`,
  ],
  [
    'of another type',
    event(photo, 'photo', 'image/jpeg'),
    'unsupported-media-type',
    'The image is image/jpeg. The app web-app-2 accepts image/png.',
  ],
])('an image that is %s is rejected with the limit of its app', async (_, record, slug, detail) => {
  const { answer, counts } = await local.count(record)
  expect(answer).toEqual(NO_FAILURES)
  expect(JSON.stringify(counts)).toContain(slug)
  expect(await local.document(imageOf(record))).toMatchObject({
    status: 'failed',
    failure_type: slug,
    failure_detail: detail,
  })
  expect(await local.keys('rejected/')).toHaveLength(1)
  expect(await local.keys('input/')).toEqual([])
})

test('a claim that is too large is rejected too', async () => {
  await local.put('claims/web-app-2/large.png', LARGE)
  const record = structuredEvent({ data: { ref: `s3://${Bucket}/claims/web-app-2/large.png` } })
  expect(await local.bridge(record)).toEqual(NO_FAILURES)
  expect(await local.document(imageOf(record))).toMatchObject({ failure_type: 'payload-too-large' })
})
