import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { deriveImageId, newImageId, parseClaimKey, parseS3Uri } from '@darkroom/core'
import { type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startWebApp2, type WebApp2 } from './start-web-app-2.ts'
import { readTopic, type TopicReader } from './testing/read-topic.ts'
import { PHOTOGRAPH, upload } from './testing/upload.ts'

const TOPIC = 'images.web-app-2'
const BUCKET = 'darkroom-test'
const MEGABYTE = 1024 * 1024
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const LARGE = photographOf(4 * MEGABYTE + 1)

let aws: LocalAws
let kafka: LocalKafka
let topic: TopicReader
let s3: S3Client
let app: WebApp2

beforeAll(async () => {
  aws = await startLocalAws()
  s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  kafka = await startLocalKafka({ topics: { [TOPIC]: 4 } })
  topic = readTopic(kafka.brokers, TOPIC)
  app = await startApp()
})

afterAll(async () => {
  topic?.stop()
  await app?.stop()
  s3?.destroy()
  await kafka?.stop()
  await aws?.stop()
})

function startApp(s3Endpoint = aws.endpoint): Promise<WebApp2> {
  return startWebApp2({
    port: 0,
    kafka: { bootstrapBrokers: [kafka.brokers], topic: TOPIC },
    claims: { bucket: BUCKET, s3: { endpoint: s3Endpoint, region: 'us-east-1', credentials } },
    uploadApi: { url: 'http://127.0.0.1:9', apiKey: 'unused' },
  })
}

/** The next record, which is an event in structured mode. */
async function nextEvent() {
  const { key, payload, headers = {} } = await topic.next()
  expect(Object.keys(headers)).toEqual(['content-type'])
  expect(headers['content-type']?.toString()).toBe('application/cloudevents+json')
  const event = JSON.parse(payload.toString()) as Record<string, string> & { data: { ref: string } }
  return { recordKey: key?.toString(), event, ...parseS3Uri(event.data.ref) }
}

async function claimed(key: string | undefined): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

async function countClaims(): Promise<number> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))
  return Contents.length
}

describe('a picture of more than 4 MB', () => {
  test('is stored in S3 byte for byte, and Kafka has an event that refers to it', async () => {
    const eventId = newImageId()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { status, body } = await upload(app.url, {
      bytes: LARGE,
      filename: 'Straße am Meer – 写真 🌊.jpg',
      attributes: '{"note":"low tide"}',
      headers: { 'Idempotency-Key': eventId, traceparent },
    })
    expect(status).toBe(202)
    const { event, recordKey, bucket, key } = await nextEvent()
    expect(event).toEqual({
      specversion: '1.0',
      type: 'image.submitted.v1',
      source: '/web-app-2',
      id: eventId,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      datacontenttype: 'application/json',
      filename: 'Straße am Meer – 写真 🌊.jpg',
      attributes: { note: 'low tide' },
      traceparent,
      data: { ref: expect.any(String) },
    })
    expect([recordKey, bucket]).toEqual([body.id, BUCKET])
    expect(parseClaimKey(key ?? '')).toEqual({ app: 'web-app-2', imageId: body.id })
    expect(LARGE.equals(await claimed(key))).toBe(true)
  })

  test('has the id that readers derive from the event, the same as in a record', async () => {
    const headers = { 'Idempotency-Key': newImageId() }
    const large = await upload(app.url, { bytes: LARGE, headers })
    const { time = '', source = '', id = '' } = (await nextEvent()).event
    expect(large.body.id).toBe(deriveImageId({ app: 'web-app-2', time: new Date(time), source, id }))
    const small = await upload(app.url, { headers })
    expect((await topic.next()).key?.toString()).toBe(large.body.id)
    expect(small.body.id).toBe(large.body.id)
  })

  test('repeated with the same key is the same image, stored once', async () => {
    const headers = { 'Idempotency-Key': newImageId() }
    const before = await countClaims()
    const answers = await Promise.all([1, 2, 3].map(() => upload(app.url, { bytes: LARGE, headers })))
    const last = await upload(app.url, { bytes: LARGE, headers })
    expect(new Set([...answers, last].map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    const events = [await nextEvent(), await nextEvent(), await nextEvent(), await nextEvent()]
    expect(new Set(events.map(({ event }) => event.data.ref)).size).toBe(1)
    expect(await countClaims()).toBe(before + 1)
  })

  test('with the key of another picture is refused, and the first one stays', async () => {
    const headers = { 'Idempotency-Key': newImageId() }
    await upload(app.url, { bytes: LARGE, headers })
    const { key } = await nextEvent()
    const { status, body } = await upload(app.url, { bytes: photographOf(LARGE.length, 1), headers })
    expect(status).toBe(422)
    expect(body).toMatchObject({ type: expect.stringMatching(/idempotency-key-reused$/), retryable: false })
    expect(LARGE.equals(await claimed(key))).toBe(true)
    await expectNothingInKafka()
  })

  test('is checked first: nothing is stored if it is not an image', async () => {
    const before = await countClaims()
    const { status, body } = await upload(app.url, { bytes: Buffer.alloc(6 * MEGABYTE, 'Dear diary') })
    expect(status).toBe(415)
    expect(body).toMatchObject({ detail: expect.stringContaining("isn't an image") })
    expect(await countClaims()).toBe(before)
    await expectNothingInKafka()
  })
})

test('4 MB are sent in the record, one byte more is stored in S3', async () => {
  await upload(app.url, { bytes: photographOf(4 * MEGABYTE) })
  expect((await topic.next()).payload.length).toBe(4 * MEGABYTE)
  await upload(app.url, { bytes: photographOf(4 * MEGABYTE + 1) })
  expect((await claimed((await nextEvent()).key)).length).toBe(4 * MEGABYTE + 1)
})

test('50 MB are accepted and one byte more is refused, as /api/limits says', async () => {
  const limits = await fetch(`${app.url}/api/limits`)
  expect(await limits.json()).toEqual({ maxImageBytes: 50 * MEGABYTE })
  expect((await upload(app.url, { bytes: photographOf(50 * MEGABYTE) })).status).toBe(202)
  expect((await claimed((await nextEvent()).key)).length).toBe(50 * MEGABYTE)
  const { status, body } = await upload(app.url, { bytes: photographOf(50 * MEGABYTE + 1) })
  expect(status).toBe(413)
  expect(body).toMatchObject({ detail: expect.stringContaining('larger than 50 MB'), retryable: false })
})

test('an upload is 503 while S3 is down, and a retry succeeds when it is back', async () => {
  const stopping = await startLocalAws()
  const other = await startApp(stopping.endpoint)
  await stopping.stop()
  const large = { bytes: LARGE, headers: { 'Idempotency-Key': newImageId() } }
  const { status, headers, body } = await upload(other.url, large)
  expect(status).toBe(503)
  expect(headers.get('retry-after')).toBe('5')
  expect(body).toMatchObject({ type: expect.stringMatching(/storage-unavailable$/), retryable: true })
  expect(body).not.toHaveProperty('id')
  await expectNothingInKafka()
  expect((await upload(other.url)).status).toBe(202)
  expect((await topic.next()).payload.equals(PHOTOGRAPH)).toBe(true)

  const returned = await startLocalAws({ port: stopping.port })
  const client = new S3Client({ endpoint: returned.endpoint, region: 'us-east-1', credentials })
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
  client.destroy()
  const retried = await upload(other.url, large)
  expect(retried.status).toBe(202)
  expect((await nextEvent()).event.id).toBe(large.headers['Idempotency-Key'])
  await other.stop()
  await returned.stop()
})

test('a missing bucket is an outage for the person', async () => {
  const other = await startWebApp2({
    port: 0,
    kafka: { bootstrapBrokers: [kafka.brokers], topic: TOPIC },
    claims: { bucket: 'no-such-bucket', s3: { endpoint: aws.endpoint, region: 'us-east-1', credentials } },
    uploadApi: { url: 'http://127.0.0.1:9', apiKey: 'unused' },
  })
  const { status, body } = await upload(other.url, { bytes: LARGE })
  expect(status).toBe(503)
  expect(body).toMatchObject({ retryable: true, detail: expect.stringContaining('could not be stored') })
  await other.stop()
  await expectNothingInKafka()
})

/** The next record is the one sent here. */
async function expectNothingInKafka(): Promise<void> {
  const { body } = await upload(app.url)
  expect((await topic.next()).key?.toString()).toBe(body.id)
}

/** A camera's JPEG with this many bytes: data after the end of a JPEG is common. */
function photographOf(bytes: number, fill = 0): Buffer<ArrayBuffer> {
  return Buffer.concat([PHOTOGRAPH, Buffer.alloc(bytes - PHOTOGRAPH.length, fill)])
}
