import { createHash } from 'node:crypto'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
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
import { CloudEvent, type CloudEventV1, Kafka } from 'cloudevents'
import {
  CLOUD_EVENT,
  fromSdk,
  kafkaEvent,
  kafkaRecord,
  photograph,
  photographNumber,
  SDK_EVENT,
  TOPIC,
} from '../test/kafka-records.ts'
import type { KafkaBatchResponse } from './bridge-records.ts'
import { readRecord } from './read-record.ts'

const Bucket = 'darkroom-test'
const APPS = { [TOPIC]: 'web-app-2' }

let aws: LocalAws
let s3: S3Client
let sqs: SQSClient
let QueueUrl: string
let bridge: (...records: MSKRecord[]) => Promise<KafkaBatchResponse>

beforeAll(async () => {
  const { port, stop } = await startLocalAws()
  await stop()
  await start(port)
  Object.assign(process.env, {
    BUCKET: Bucket,
    QUEUE_URL: QueueUrl,
    TOPIC_APPS: JSON.stringify(APPS),
    CLAIM_PREFIXES: JSON.stringify({ 'web-app-2': 'claims/web-app-2/' }),
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

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const NO_FAILURES = { batchItemFailures: [] }
const failedFrom = (offset: number, partition = 0) => ({
  itemIdentifier: { partition: `${TOPIC}-${partition}`, offset },
})

const cloudEvent = (id: string, value: Uint8Array, more: Partial<MSKRecord> = {}) =>
  kafkaRecord({ value, headers: { ...CLOUD_EVENT, ce_id: id }, ...(more as object) })

describe('a record with an image', () => {
  test('in binary mode is stored and announced', async () => {
    const bytes = await photograph()
    const headers = { ...CLOUD_EVENT, ce_filename: 'Straße.jpg', ce_attributes: '{"album":"sommer"}' }
    const record = kafkaRecord({ value: bytes, headers, partition: 1, offset: 8 })
    expect(await bridge(record)).toEqual(NO_FAILURES)
    const { imageId } = readRecord(record, APPS)
    const key = inputKey({ app: 'web-app-2', imageId })
    const origin = { kind: 'kafka', topic: TOPIC, partition: 1, offset: 8 }
    const told = { app: 'web-app-2', origin, filename: 'Straße.jpg', attributes: { album: 'sommer' } }
    const sha256 = sha256Of(bytes)

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
    expect(await bridge(record)).toEqual(NO_FAILURES)
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

  /** S3 has something else under the record's key, which nobody can make sense of: a lasting fault of ours. */
  const block = async (record: MSKRecord) => {
    const Key = inputKey({ app: 'web-app-2', imageId: readRecord(record, APPS).imageId })
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'of unknown origin' }))
  }

  test('that have to stop do so alone, each at its first failure', async () => {
    const [first, stuck, ...behind] = await Promise.all(await batch(0, 4))
    const others = await Promise.all(await batch(1, 8))
    const [alsoStuck] = await Promise.all(await batch(2, 2))
    if (!first || !stuck || !alsoStuck) throw new Error('no batch')
    await block(stuck)
    await block(alsoStuck)
    const { batchItemFailures } = await bridge(first, stuck, ...behind, ...others, alsoStuck)
    expect(batchItemFailures).toEqual([failedFrom(1, 0), failedFrom(0, 2)])
    const taken = await messages()
    expect(taken).toHaveLength(9)
    expect(
      taken.filter(({ data }) => 'partition' in data.origin && data.origin.partition === 0),
    ).toMatchObject([{ data: { origin: { offset: 0 } } }])
    expect(await keys('input/')).toHaveLength(11)
    expect(await keys('rejected/')).toEqual([])
  })
})

describe('a record comes again', () => {
  test('while S3 does not answer', async () => {
    const record = cloudEvent('patient', await photograph())
    await aws.stop()
    expect(await bridge(record)).toEqual({ batchItemFailures: [failedFrom(15)] })
    await start(aws.port)
    expect(await bridge(record)).toEqual(NO_FAILURES)
    expect(await messages()).toHaveLength(1)
  })

  test('while S3 does not answer, even if it is rubbish', async () => {
    const record = cloudEvent('rubbish', Buffer.from('no image'))
    await aws.stop()
    expect(await bridge(record)).toEqual({ batchItemFailures: [failedFrom(15)] })
    await start(aws.port)
    expect(await bridge(record)).toEqual(NO_FAILURES)
    expect(await keys('rejected/')).toHaveLength(1)
  })

  test('while SQS does not answer, and is announced then', async () => {
    const record = cloudEvent('unannounced', await photograph())
    await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    expect(await bridge(record)).toEqual({ batchItemFailures: [failedFrom(15)] })
    expect(await keys('input/')).toHaveLength(1)
    await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
    await bridge(record)
    expect(await keys('input/')).toHaveLength(1)
    expect(await messages()).toHaveLength(1)
  })
})

describe('an event that the CloudEvents SDK made', () => {
  const event = (more: Partial<CloudEventV1<unknown>>) =>
    new CloudEvent({ ...SDK_EVENT, time: CLOUD_EVENT.ce_time, ...more })
  const told = { filename: 'Straße.jpg', attributes: { album: 'sommer' } }
  const extensions = { filename: told.filename, attributes: JSON.stringify(told.attributes) }

  test.each(['binary', 'structured'] as const)('in %s mode is taken, as the same image', async (mode) => {
    const bytes = await photograph()
    const data = new Uint8Array(bytes)
    await bridge(fromSdk(Kafka[mode](event({ ...extensions, datacontenttype: 'image/jpeg', data }))))
    const { imageId } = readRecord(kafkaRecord({ value: bytes, headers: CLOUD_EVENT }), APPS)
    expect(await messages()).toMatchObject([{ data: { ...told, imageId, bytes: bytes.length } }])
    const stored = await get(inputKey({ app: 'web-app-2', imageId }))
    expect(bytes.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
  })

  test('with an image of another type than it says is refused', async () => {
    const data = new Uint8Array(await photograph())
    await bridge(fromSdk(Kafka.structured(event({ datacontenttype: 'image/png', data }))))
    const rejected = await get(`rejected/${TOPIC}/2026-11-23/0-15`)
    expect(rejected.Metadata).toMatchObject({ reason: 'type-mismatch' })
  })

  describe('with a claim check', () => {
    const claim = (ref: string) => fromSdk(Kafka.structured(event({ ...extensions, data: { ref } })))
    const own = `s3://${Bucket}/claims/web-app-2/IMG 0001+ü?.jpg`
    const put = (Key: string, Body: Uint8Array) => s3.send(new PutObjectCommand({ Bucket, Key, Body }))
    const ownKey = own.slice(`s3://${Bucket}/`.length)
    const reasonOf = async () => (await get(`rejected/${TOPIC}/2026-11-23/0-15`)).Metadata?.reason

    test('is taken with the bytes of the object', async () => {
      const bytes = await photograph()
      await put(ownKey, bytes)
      expect(await bridge(claim(own))).toEqual(NO_FAILURES)
      const { imageId } = readRecord(claim(own), APPS)
      expect(await messages()).toMatchObject([
        { data: { ...told, imageId, bytes: bytes.length, sha256: sha256Of(bytes) } },
      ])
      const stored = await get(inputKey({ app: 'web-app-2', imageId }))
      expect(bytes.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    })

    test.each(['claims/web-app-1/a.jpg', 'input/web-app-2/a.jpg', 'claims/web-app-2/../web-app-1/a.jpg'])(
      'to %s is refused, though an image lies there',
      async (key) => {
        await put(key, await photograph())
        expect(await bridge(claim(`s3://${Bucket}/${key}`))).toEqual(NO_FAILURES)
        expect(await reasonOf()).toBe('malformed-request')
        expect(await messages()).toEqual([])
      },
    )

    test('to an object that is not there is refused', async () => {
      expect(await bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await reasonOf()).toBe('source-expired')
    })

    test('to an empty object, or to no image, is refused', async () => {
      await put(ownKey, Buffer.of())
      await bridge(claim(own))
      expect(await reasonOf()).toBe('empty-body')
      await put(ownKey, Buffer.from('no image'))
      await bridge(claim(own))
      expect(await reasonOf()).toBe('unsupported-media-type')
    })

    test('may lead to 50 MB and not to a byte more', async () => {
      const bytes = Buffer.concat([await photograph(), Buffer.alloc(50 * 1024 * 1024)])
      await put(ownKey, bytes.subarray(0, 50 * 1024 * 1024 + 1))
      expect(await bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await reasonOf()).toBe('payload-too-large')
      expect(await messages()).toEqual([])
      await put(ownKey, bytes.subarray(0, 50 * 1024 * 1024))
      expect(await bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await messages()).toMatchObject([{ data: { bytes: 50 * 1024 * 1024 } }])
    })

    test('comes again while S3 does not answer', async () => {
      await aws.stop()
      expect(await bridge(claim(own))).toEqual({ batchItemFailures: [failedFrom(15)] })
      await start(aws.port)
      await put(ownKey, await photograph())
      expect(await bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await messages()).toHaveLength(1)
    })

    // A rejection could not be stored either in these, so the handler's answer alone would not tell.
    test.each<[string, () => Promise<unknown>]>([
      ['S3 is down', () => aws.stop()],
      ['the bucket is missing', () => s3.send(new DeleteBucketCommand({ Bucket }))],
    ])('is not taken for expired while %s', async (_, fail) => {
      const { redeemClaim } = await import('./redeem-claim.ts')
      await fail()
      await expect(redeemClaim(readRecord(claim(own), APPS))).rejects.toMatchObject({
        slug: 'storage-unavailable',
        retryable: true,
      })
    })
  })
})
