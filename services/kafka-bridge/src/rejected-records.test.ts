import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import {
  bomb,
  CLOUD_EVENT,
  cloudEvent,
  DATE,
  kafkaRecord,
  photograph,
  structuredEvent,
  TOPIC,
  tinyImage,
} from '../test/kafka-records.ts'
import { Bucket, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const counted = (name: string, topic: string, records: number, reason?: string) => ({
  name,
  dimensions: { service: 'kafka-bridge', stage: 'test', topic, ...(reason && { reason }) },
  records,
})

const describeBytes = (bytes: Uint8Array) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

const photo = await photograph()
const cutOff = photo.subarray(0, -500)
const heic = await readFile(
  new URL('../../../packages/image-file/src/testing/heic/upright.heic', import.meta.url),
)
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
const CLAIM = 'claims/web-app-2/a.jpg'
const TOO_LARGE = 'claims/web-app-2/large.jpg'
const claim = (key: string) => structuredEvent({ data: { ref: `s3://${Bucket}/${key}` } })
const binary = (value: Uint8Array | undefined, headers: Record<string, string> = {}) =>
  kafkaRecord({ value, headers: { ...CLOUD_EVENT, ...headers } })

/** `known` is what the failed document says about the image. */
type Case = [what: string, record: MSKRecord, reason: string, detail: string, known?: object]

/** A record with one more header, whose value is bytes as Lambda delivers them: signed, as in Java. */
const withHeader = (name: string, bytes: number[]) => {
  const record = binary(photo)
  const others = record.headers.filter((header) => !(name in header))
  return { ...record, headers: [...others, { [name]: [...Int8Array.from(bytes)] }] }
}
/** Half of a surrogate pair in the encoding of UTF-8, which does not allow it. */
const HALF_A_PAIR = [0xed, 0xa0, 0xbc]

/** These records do not identify an image. */
const WITHOUT_AN_IMAGE: Case[] = [
  [
    'an unknown topic',
    kafkaRecord({ value: photo, topic: 'images.unknown' }),
    'malformed-request',
    'images.unknown',
  ],
  ['another specversion', binary(photo, { ce_specversion: '2.0' }), 'malformed-request', 'ce_specversion'],
  ['another type', binary(photo, { ce_type: 'order.placed' }), 'malformed-request', 'ce_type'],
  ['an id that is not UTF-8', withHeader('ce_id', [0xff]), 'malformed-request', 'ce_id: is not valid UTF-8'],
  [
    'a source with half a surrogate pair',
    withHeader('ce_source', HALF_A_PAIR),
    'malformed-request',
    'ce_source: is not valid UTF-8',
  ],
  [
    'no headers, as no Lambda sends it: an error of ours',
    { ...binary(photo), headers: null as unknown as [] },
    'internal',
    'error in Darkroom',
  ],
  ['no id', binary(photo, { ce_id: '' }), 'malformed-request', 'ce_id'],
  [
    'another specversion, structured',
    structuredEvent({ specversion: '0.3' }),
    'malformed-request',
    'specversion',
  ],
  [
    'another type, structured',
    structuredEvent({ type: 'order.placed' }),
    'malformed-request',
    'event.type must be',
  ],
  [
    'an event that is not JSON',
    kafkaRecord({ value: photo, headers: { 'content-type': 'application/cloudevents+json' } }),
    'malformed-request',
    'not valid JSON',
  ],
  ['no value, structured', { ...structuredEvent({}), value: '' }, 'empty-body', 'no value'],
]

const WITH_AN_IMAGE: Case[] = [
  ['no value', binary(undefined), 'empty-body', 'no value', {}],
  [
    'a value of null',
    { ...binary(undefined), value: null as unknown as string },
    'empty-body',
    'no value',
    {},
  ],
  ['no value and no headers', kafkaRecord({ value: undefined }), 'empty-body', 'no value', {}],
  [
    'no image',
    binary(Buffer.from('no image')),
    'unsupported-media-type',
    "isn't an image",
    describeBytes(Buffer.from('no image')),
  ],
  [
    'bare bytes that are not an image',
    kafkaRecord({ value: svg }),
    'unsupported-media-type',
    'SVG',
    describeBytes(svg),
  ],
  [
    'an SVG',
    binary(svg),
    'unsupported-media-type',
    "This file type isn't supported: SVG. Export it as PNG. Supported types: JPEG",
    describeBytes(svg),
  ],
  [
    'a HEIC',
    binary(heic),
    'unsupported-media-type',
    "isn't supported: HEIC. Export it as JPEG. Supported types: JPEG, PNG, WebP, GIF, AVIF.",
    describeBytes(heic),
  ],
  ['a truncated image', binary(cutOff), 'corrupt-image', 'truncated', describeBytes(cutOff)],
  ['a bomb', cloudEvent('bomb', bomb()), 'image-too-large', '65535 × 65535 pixels', describeBytes(bomb())],
  [
    'a wrong type',
    binary(photo, {
      'content-type': 'image/png',
      ce_filename: 'Straße.jpg',
      ce_attributes: '{"album":"sommer"}',
    }),
    'type-mismatch',
    'declared as image/png',
    { ...describeBytes(photo), filename: 'Straße.jpg', attributes: { album: 'sommer' } },
  ],
  [
    'bad attributes',
    binary(photo, { ce_attributes: '{' }),
    'malformed-request',
    'ce_attributes',
    describeBytes(photo),
  ],
  [
    'a filename that is not UTF-8',
    withHeader('ce_filename', [0x61, 0xe4, 0x2e]),
    'malformed-request',
    'ce_filename: is not valid UTF-8',
    describeBytes(photo),
  ],
  [
    'attributes with half a surrogate pair',
    withHeader('ce_attributes', HALF_A_PAIR),
    'malformed-request',
    'ce_attributes: is not valid UTF-8',
    describeBytes(photo),
  ],
  [
    'a content type that is not UTF-8',
    withHeader('content-type', [0xff]),
    'malformed-request',
    'content-type: is not valid UTF-8',
    describeBytes(photo),
  ],
  [
    'a lone surrogate in an attribute',
    binary(photo, { ce_attributes: '{"album":"\\ud83c"}' }),
    'malformed-request',
    'ce_attributes.album',
    describeBytes(photo),
  ],
  [
    'a lone surrogate in a filename',
    structuredEvent({ data_base64: photo.toString('base64'), filename: '\ud83c.jpg' }),
    'malformed-request',
    'event.filename',
    describeBytes(photo),
  ],
  [
    'bad attributes, structured',
    structuredEvent({ data_base64: photo.toString('base64'), attributes: ['a'] }),
    'malformed-request',
    'attributes',
    describeBytes(photo),
  ],
  [
    'broken base64',
    structuredEvent({ data_base64: '/9j/AI', filename: 'a.jpg' }),
    'malformed-request',
    'base64',
    { filename: 'a.jpg' },
  ],
  [
    'data_base64 of a wrong type',
    structuredEvent({ data_base64: 7 }),
    'malformed-request',
    'event.data_base64 must be',
    {},
  ],
  ['an event without an image', structuredEvent({}), 'malformed-request', 'no image', {}],
  [
    'a structured SVG',
    structuredEvent({ data_base64: svg.toString('base64') }),
    'unsupported-media-type',
    'SVG',
    describeBytes(svg),
  ],
  [
    "a claim outside the app's prefix",
    claim('claims/web-app-1/a.jpg'),
    'malformed-request',
    'must start with',
    {},
  ],
  ['a claim to a missing object', claim('claims/web-app-2/none.jpg'), 'source-expired', 'does not exist', {}],
  ['a claim to no image', claim(CLAIM), 'unsupported-media-type', 'SVG', {}],
  ['a claim to more than 50 MB', claim(TOO_LARGE), 'payload-too-large', '50 MB', {}],
]

describe('a record that cannot be accepted', () => {
  const PLACE = { partition: 2, offset: 30 }

  /** Sends the record between two good ones, which must be accepted. */
  async function bridgeBetweenGoodOnes(record: MSKRecord) {
    await local.put(CLAIM, svg)
    await local.put('claims/web-app-1/a.jpg', photo)
    if (refersToTooMuch(record)) await local.put(TOO_LARGE, Buffer.alloc(50 * 1024 * 1024 + 1))
    const good = [29, 31].map((offset) =>
      cloudEvent(`good-${offset}`, tinyImage(offset), { partition: 2, offset }),
    )
    const [before, after] = good as [MSKRecord, MSKRecord]
    const { answer, counts } = await local.count(before, { ...record, ...PLACE }, after)
    expect(answer).toEqual(NO_FAILURES)
    const accepted = good.map((each) => imageOf(each))
    expect(await local.keys('input/')).toEqual(accepted.map(inputKey).toSorted())
    const ids = (await local.takeMessages()).map(({ data }) => data.imageId)
    expect(ids).toEqual(accepted.map(({ imageId }) => imageId))
    return counts
  }
  const refersToTooMuch = ({ value }: MSKRecord) => Buffer.from(value ?? '', 'base64').includes(TOO_LARGE)

  async function expectRejectedRecord(record: MSKRecord, reason: string, detail: string) {
    const key = `rejected/${record.topic}/${DATE}/2-30`
    expect(await local.keys('rejected/')).toEqual([key])
    const { Body, Metadata = {}, ContentType } = await local.get(key)
    expect(ContentType).toBe('application/json')
    expect(JSON.parse(String(await Body?.transformToString()))).toEqual({ ...record, ...PLACE })
    expect(Metadata.reason).toBe(reason)
    expect(decodeURIComponent(String(Metadata.detail))).toContain(detail)
  }

  const expectCounts = (counts: object[], topic: string, reason: string) =>
    expect(counts).toEqual(
      expect.arrayContaining([
        counted('KafkaRecordsAccepted', TOPIC, 2),
        counted('KafkaRecordsRejected', topic, 1, reason),
      ]),
    )

  test.each(WITHOUT_AN_IMAGE)('without an image: %s', async (_, record, reason, detail) => {
    const counts = await bridgeBetweenGoodOnes(record)
    await expectRejectedRecord(record, reason, detail)
    expect(counts).toHaveLength(2)
    expectCounts(counts, record.topic, reason)
    expect(await local.keys('metadata/')).toEqual([])
  })

  test.each(WITH_AN_IMAGE)('with an image, which fails: %s', async (_, record, reason, detail, known) => {
    const started = new Date().toISOString()
    const counts = await bridgeBetweenGoodOnes(record)
    await expectRejectedRecord(record, reason, detail)
    expect(counts).toHaveLength(2)
    expectCounts(counts, TOPIC, reason)
    const { app, imageId } = imageOf({ ...record, ...PLACE })
    expect(await local.keys('metadata/')).toEqual([metadataKey({ app, imageId })])
    const document = await local.document({ app, imageId })
    expect(document).toEqual({
      schema_version: 1,
      image_id: imageId,
      app,
      status: 'failed',
      failure_type: reason,
      failure_detail: expect.stringContaining(detail),
      accepted_at: expect.any(String),
      finished_at: document.accepted_at,
      origin: 'kafka',
      kafka_topic: TOPIC,
      kafka_partition: 2,
      kafka_offset: 30,
      attributes: {},
      ...known,
    })
    expect(document.accepted_at >= started).toBe(true)
  })

  test.each([
    [-1, '1970-01-01'],
    [Date.UTC(2026, 10, 23) * 1000, '9999-12-31'],
  ])('with the timestamp %i is stored under %s', async (timestamp, date) => {
    await local.bridge(kafkaRecord({ value: svg, timestamp }))
    expect(await local.keys('rejected/')).toEqual([`rejected/${TOPIC}/${date}/0-15`])
  })

  test('has a detail of limited length', async () => {
    const record = binary(photo, { 'content-type': `image/${'ä'.repeat(100_000)}` })
    await local.bridge(record)
    const document = await local.document(imageOf(record))
    expect(JSON.stringify(document).length).toBeLessThan(2_000)
    expect(document).toMatchObject({ failure_type: 'type-mismatch' })
  })
})

test.each([
  ['another application', 'trace-state', [0xff, 0xfe]],
  ['a trace', 'traceparent', [0xff]],
])('a header of %s that is not UTF-8 does not reject a record', async (_, name, bytes) => {
  const record = {
    ...binary(photo),
    headers: [...binary(photo).headers, { [name]: [...Int8Array.from(bytes)] }],
  }
  await local.bridge(record)
  expect(await local.keys('rejected/')).toEqual([])
  expect(await local.takeMessages()).toHaveLength(1)
})

test.each([
  ['emoji and joined emoji', '👩‍👩‍👧 🇩🇪 Straße', '🎞️\u{1f9d1}\u200d\u{1f680}'],
  ['non-characters and controls', 'a.jpg', '\ufffe\uffff\u0000\u0007\u001b\u007f\u0085\ufdd0'],
  ['right-to-left and combining characters', 'صورة e\u0301.jpg'.normalize('NFC'), '\u202eabc\u202c'],
])('%s are kept as sent', async (_, filename, caption) => {
  const attributes = { caption }
  const records = [
    binary(photo, { ce_filename: filename, ce_attributes: JSON.stringify(attributes) }),
    structuredEvent({ id: 'structured', data_base64: photo.toString('base64'), filename, attributes }),
  ]
  expect(await local.bridge(...records)).toEqual(NO_FAILURES)
  const messages = await local.takeMessages()
  expect(messages).toMatchObject(records.map(() => ({ data: { filename, attributes } })))
})

test('an invalid traceparent does not reject a record', async () => {
  const record = binary(photo, { traceparent: '→'.repeat(2000) })
  await local.bridge(record)
  expect(await local.keys('rejected/')).toEqual([])
  expect(await local.takeMessages()).toHaveLength(1)
})

test('one bad record among sixty does not delay the others', async () => {
  const records = Array.from({ length: 60 }, (_, n) =>
    cloudEvent(`of-many-${n}`, n === 37 ? bomb() : tinyImage(n), {
      partition: n % 4,
      offset: Math.floor(n / 4),
    }),
  )
  const { answer, counts } = await local.count(...records)
  expect(answer).toEqual(NO_FAILURES)
  const others = records.filter((_, n) => n !== 37).map((record) => inputKey(imageOf(record)))
  expect(await local.keys('input/')).toEqual(others.toSorted())
  expect(await local.keys('rejected/')).toEqual([`rejected/${TOPIC}/${DATE}/1-9`])
  expect(counts).toHaveLength(2)
  expect(counts).toContainEqual(counted('KafkaRecordsAccepted', TOPIC, 59))
  expect(counts).toContainEqual(counted('KafkaRecordsRejected', TOPIC, 1, 'image-too-large'))
  const announced = new Set((await local.takeMessages()).map(({ data }) => inputKey(data)))
  expect(announced).toEqual(new Set(others))
})
