import { createHash } from 'node:crypto'
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { fromUserMetadata, ImageAccepted, inputKey, parseInputKey, parseS3Uri } from '@darkroom/core'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import {
  CLOUD_EVENT,
  kafkaEvent,
  kafkaRecord,
  photograph,
  photographNumber,
  TOPIC,
} from '../test/kafka-records.ts'
import { readRecord } from './read-record.ts'

const Bucket = 'darkroom-test'
const APPS = { [TOPIC]: 'web-app-2' }

let aws: LocalAws
let s3: S3Client
let sqs: SQSClient
let QueueUrl: string
let bridge: (...records: MSKRecord[]) => Promise<void>

beforeAll(async () => {
  const { port, stop } = await startLocalAws()
  await stop()
  await start(port)
  Object.assign(process.env, {
    BUCKET: Bucket,
    QUEUE_URL: QueueUrl,
    TOPIC_APPS: JSON.stringify(APPS),
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  })
  const { handler } = await import('./bridge-records.ts')
  bridge = (...records) => handler(kafkaEvent(...records))
  await aws.stop()
})
beforeEach(() => start(aws.port))
afterEach(() => aws.stop())

/** An empty S3 and SQS, at the address that the handler knows. */
async function start(port: number): Promise<void> {
  aws = await startLocalAws({ port })
  Object.assign(process.env, awsEnvironment(aws.endpoint))
  s3 = new S3Client({})
  sqs = new SQSClient({})
  await s3.send(new CreateBucketCommand({ Bucket }))
  QueueUrl = String((await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))).QueueUrl)
}

async function keys(Prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))
  return Contents.map(({ Key }) => String(Key))
}

/** What has been sent to the image queue so far. */
async function messages(): Promise<ImageAccepted[]> {
  const receive = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(receive))
  return Messages.map(({ Body }) => ImageAccepted.parse(JSON.parse(String(Body))))
}

const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }))

const cloudEvent = (id: string, value: Uint8Array, more: Partial<MSKRecord> = {}) =>
  kafkaRecord({ value, headers: { ...CLOUD_EVENT, ce_id: id }, ...(more as object) })

describe('a record with an image', () => {
  test('in binary mode is stored and announced', async () => {
    const bytes = await photograph()
    const headers = { ...CLOUD_EVENT, ce_filename: 'Straße.jpg', ce_attributes: '{"album":"sommer"}' }
    const record = kafkaRecord({ value: bytes, headers, partition: 1, offset: 8 })
    await bridge(record)
    const { imageId } = readRecord(record, APPS)
    const key = inputKey({ app: 'web-app-2', imageId })
    const origin = { kind: 'kafka', topic: TOPIC, partition: 1, offset: 8 }
    const told = { app: 'web-app-2', origin, filename: 'Straße.jpg', attributes: { album: 'sommer' } }
    const sha256 = createHash('sha256').update(bytes).digest('hex')

    const stored = await get(key)
    expect(stored.ContentType).toBe('image/jpeg')
    expect(fromUserMetadata(stored.Metadata)).toMatchObject({ ...told, sha256 })
    expect(bytes.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    expect(await messages()).toMatchObject([
      {
        source: '/darkroom/kafka-bridge',
        subject: imageId,
        data: { ...told, imageId, sha256, contentType: 'image/jpeg', bytes: bytes.length },
      },
    ])
    const [message] = await messages()
    expect(parseS3Uri(String(message?.data.s3Uri))).toEqual({ bucket: Bucket, key })
  })

  test('as bare bytes is taken too', async () => {
    const record = kafkaRecord({ value: await photograph() })
    await bridge(record)
    const { imageId } = readRecord(record, APPS)
    expect(await keys('input/')).toEqual([inputKey({ app: 'web-app-2', imageId })])
    expect(await messages()).toMatchObject([{ data: { imageId, attributes: {} } }])
  })

  test('that is delivered again is the same image, and one object', async () => {
    const record = cloudEvent('twice', await photograph())
    await bridge(record)
    const [key = ''] = await keys('')
    const first = await get(key)
    await sqs.send(new PurgeQueueCommand({ QueueUrl }))
    await bridge({ ...record, offset: 99 })
    expect(await keys('')).toEqual([key])
    expect(await get(key)).toMatchObject({ LastModified: first.LastModified, Metadata: first.Metadata })
    const { acceptedAt } = fromUserMetadata(first.Metadata)
    expect(await messages()).toMatchObject([{ data: { acceptedAt, origin: { offset: 15 } } }])
  })
})

describe('a record that cannot be taken', () => {
  const refused = async (record: MSKRecord) => {
    await bridge(record)
    expect(await keys('input/')).toEqual([])
    expect(await messages()).toEqual([])
    const [key = '', ...others] = await keys('rejected/')
    expect(others).toEqual([])
    const { Body, Metadata = {}, ContentType } = await get(key)
    expect(ContentType).toBe('application/json')
    expect(JSON.parse(String(await Body?.transformToString()))).toEqual(record)
    return { key, reason: Metadata.reason, detail: decodeURIComponent(String(Metadata.detail)) }
  }
  const bytes = photograph
  const svg = async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')

  test.each([
    ['a tombstone', async () => undefined, {}, 'empty-body', 'no value'],
    ['another specversion', bytes, { ce_specversion: '2.0' }, 'malformed-request', 'ce_specversion'],
    ['another type', bytes, { ce_type: 'order.placed' }, 'malformed-request', 'ce_type'],
    ['bad attributes', bytes, { ce_attributes: '{' }, 'malformed-request', 'ce_attributes'],
    ['an SVG', svg, {}, 'unsupported-media-type', 'These bytes are an SVG drawing. Accepted are JPEG'],
    ['an image cut off', async () => (await bytes()).subarray(0, -500), {}, 'corrupt-image', 'cut off'],
    ['a wrong type', bytes, { 'content-type': 'image/png' }, 'type-mismatch', 'declared as image/png'],
    ['a time before 1970', bytes, { ce_time: '0001-01-01T00:00:00Z' }, 'malformed-request', 'time'],
  ])('is kept as it came, with the reason: %s', async (_, value, headers, reason, detail) => {
    const record = kafkaRecord({
      value: await value(),
      headers: { ...CLOUD_EVENT, ...headers },
      partition: 2,
      offset: 30,
    })
    expect(await refused(record)).toEqual({
      key: `rejected/${TOPIC}/2026-11-23/2-30`,
      reason,
      detail: expect.stringContaining(detail),
    })
  })

  test('of an unknown topic lies under that topic', async () => {
    const record = kafkaRecord({ value: await photograph(), topic: 'images.unknown' })
    expect(await refused(record)).toMatchObject({
      key: 'rejected/images.unknown/2026-11-23/0-15',
      reason: 'malformed-request',
    })
  })

  test.each([
    [-1, '1970-01-01'],
    [Date.UTC(2026, 10, 23) * 1000, '9999-12-31'],
  ])('for its timestamp of %i lies under %s', async (timestamp, date) => {
    const record = kafkaRecord({ value: await photograph(), timestamp })
    expect(await refused(record)).toMatchObject({ key: `rejected/${TOPIC}/${date}/0-15` })
  })

  test('with a traceparent that is none is no such record', async () => {
    const headers = { ...CLOUD_EVENT, traceparent: '→'.repeat(2000) }
    await bridge(kafkaRecord({ value: await photograph(), headers }))
    expect(await keys('rejected/')).toEqual([])
    expect(await messages()).toHaveLength(1)
  })

  test('because its id stands for other bytes leaves those alone', async () => {
    const first = await photographNumber(1)
    await bridge(cloudEvent('same', first))
    await bridge(cloudEvent('same', await photographNumber(2), { offset: 16 }))
    const [key = ''] = await keys('input/')
    const stored = await get(key)
    expect(first.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    const rejected = await get(`rejected/${TOPIC}/2026-11-23/0-16`)
    expect(rejected.Metadata).toMatchObject({ reason: 'idempotency-key-reused' })
  })

  test('holds up nothing behind it', async () => {
    const good = await photograph()
    await bridge(
      cloudEvent('a', Buffer.from('no image'), { offset: 1 }),
      cloudEvent('b', good, { offset: 2 }),
      cloudEvent('c', Buffer.from('no image'), { offset: 3 }),
      cloudEvent('d', good, { offset: 4 }),
    )
    expect((await messages()).map(({ data }) => data.origin)).toMatchObject([{ offset: 2 }, { offset: 4 }])
    expect(await keys('rejected/')).toEqual(['0-1', '0-3'].map((n) => `rejected/${TOPIC}/2026-11-23/${n}`))
  })
})

describe('partitions', () => {
  const batch = async (partition: number, count: number) =>
    Array.from({ length: count }, async (_, n) =>
      cloudEvent(`p${partition}-${n}`, await photographNumber(n), { partition, offset: n }),
    )

  test('are each taken in order', async () => {
    const records = await Promise.all([...(await batch(0, 6)), ...(await batch(1, 6))])
    await bridge(...records)
    const stored = aws.spy
      .getAllMessages()
      .flatMap((event) => (event.service === 's3' && event.status === 'uploaded' ? [event.key] : []))
    const imageIds = stored.map((key) => parseInputKey(key)?.imageId)
    for (const partition of [0, 1]) {
      const own = records
        .filter((record) => record.partition === partition)
        .map((record) => readRecord(record, APPS).imageId)
      expect(imageIds.filter((id) => id && own.includes(id))).toEqual(own)
    }
    expect(stored).toHaveLength(12)
  })

  test('have all come to rest when a batch is thrown back', async () => {
    const stuck = cloudEvent('stuck', await photograph(), { partition: 0, offset: 0 })
    const { imageId } = readRecord(stuck, APPS)
    const Key = inputKey({ app: 'web-app-2', imageId })
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'of unknown origin' }))
    const others = await Promise.all(await batch(1, 8))
    await expect(bridge(stuck, ...others)).rejects.toMatchObject({ slug: 'storage-unavailable' })
    expect(await keys('input/')).toHaveLength(9)
    expect(await messages()).toHaveLength(8)
  })
})

describe('a batch is thrown back, to come again,', () => {
  test('while S3 does not answer', async () => {
    const record = cloudEvent('patient', await photograph())
    await aws.stop()
    await expect(bridge(record)).rejects.toMatchObject({ slug: 'storage-unavailable', retryable: true })
    await start(aws.port)
    await bridge(record)
    expect(await messages()).toHaveLength(1)
  })

  test('while S3 does not answer, even if it holds nothing but rubbish', async () => {
    await aws.stop()
    await expect(bridge(cloudEvent('rubbish', Buffer.from('no image')))).rejects.toThrow()
    await start(aws.port)
    expect(await keys('rejected/')).toEqual([])
  })

  test('while SQS does not answer, and is announced then', async () => {
    const record = cloudEvent('unannounced', await photograph())
    await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    await expect(bridge(record)).rejects.toMatchObject({ slug: 'queue-unavailable', retryable: true })
    expect(await keys('input/')).toHaveLength(1)
    await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
    await bridge(record)
    expect(await keys('input/')).toHaveLength(1)
    expect(await messages()).toHaveLength(1)
  })
})
