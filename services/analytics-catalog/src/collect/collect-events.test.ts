import { gunzipSync } from 'node:zlib'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { listCollected, listObjects } from '@darkroom/bucket'
import { type ImageRef, metadataKey, newImageId, OUTCOMES, parseCollectedKey, s3Uri } from '@darkroom/core'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { SQSEvent } from 'aws-lambda'
import { type Embedded, readEmbedded } from '../testing/read-embedded.ts'

const Bucket = 'darkroom-test'
let aws: LocalAws
let s3: S3Client
let collect: typeof import('./collect-events.ts').handler
let stopped: Promise<void> | undefined

beforeAll(async () => {
  aws = await startLocalAws()
  Object.assign(process.env, awsEnvironment(aws.endpoint), { BUCKET: Bucket, STAGE: 'test' })
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
  process.env.QUEUE_URL = `${aws.endpoint}/000000000000/darkroom-test-images`
  s3 = new S3Client({})
  collect = (await import('./collect-events.ts')).handler
})
afterAll(async () => {
  s3.destroy()
  await (stopped ?? aws.stop())
})
let number = 0
beforeEach(async () => {
  await s3.send(new CreateBucketCommand({ Bucket })).catch(() => {})
  for await (const { key } of listObjects({ s3, name: Bucket }, 'collected/')) before.add(key)
  number = 0
})
const before = new Set<string>()

const newImage = (): ImageRef => ({ app: 'web-app-1', imageId: newImageId() })
const outcome = ({ app, imageId }: ImageRef, more: object = {}) => ({
  specversion: '1.0',
  type: 'image.processed.v1',
  time: '2026-11-29T10:00:00.000Z',
  subject: imageId,
  sequence: 'A'.repeat(32),
  data: { app, image_id: imageId, status: 'processed' },
  ...more,
})
const messages = (...bodies: (object | string)[]): SQSEvent =>
  ({
    Records: bodies.map((body) => ({
      messageId: `m${number++}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })),
  }) as SQSEvent

/** The lines of each file that a test wrote, by the kind of file. */
async function collected() {
  const found: [string, Record<string, unknown>[]][] = []
  for await (const { key } of listObjects({ s3, name: Bucket }, 'collected/')) {
    if (before.has(key)) continue
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: key }))
    const text = String(gunzipSync((await Body?.transformToByteArray()) ?? ''))
    const lines = text.trimEnd().split('\n')
    found.push([parseCollectedKey(key)?.kind ?? key, lines.map((line) => JSON.parse(line))])
  }
  return found
}
const DONE = { batchItemFailures: [] }

test('thousands of events are one file, whose lines have the time in its name and the day of their image', async () => {
  const images = Array.from({ length: 2_500 }, newImage)
  expect(await collect(messages(...images.map((image) => outcome(image))))).toEqual(DONE)
  const files = await collected()
  expect(files.map(([kind, lines]) => [kind, lines.length])).toEqual([[OUTCOMES, 2_500]])
  for await (const { time, key } of listCollected({ s3, name: Bucket }, OUTCOMES)) {
    if (before.has(key)) continue
    const day = new Date().toISOString().slice(0, 10)
    for (const line of files[0]?.[1] ?? []) expect(line).toMatchObject({ collected_at: time, dt: day })
  }
})

test('other events are in files of their own type, as they are', async () => {
  const refused = {
    specversion: '1.0',
    type: 'image.refused.v1',
    id: '1',
    data: { app: 'a', slug: 'too-large' },
  }
  await collect(messages(outcome(newImage()), refused, refused))
  expect(await collected()).toMatchObject([
    ['image.refused.v1', [refused, refused]],
    [OUTCOMES, [{}]],
  ])
})

test('events of a later version are collected as they are', async () => {
  const image = newImage()
  const later = outcome(image, {
    type: 'image.archived.v2',
    extra: 1,
    data: { app: 'a', image_id: image.imageId, status: 'archived', tier: 'cold' },
  })
  await collect(messages(later))
  expect(await collected()).toMatchObject([[OUTCOMES, [later]]])
})

test('an event that cannot be read is counted and left out, and the others are collected', async () => {
  const image = newImage()
  const unreadable = [
    'not JSON',
    {},
    { type: '../../metadata' },
    outcome(image, { subject: 'x' }),
    outcome(image, { data: { app: 'a', image_id: newImageId(), status: 'processed' } }),
    outcome(image, { data: undefined }),
  ]
  const embedded: Embedded = await readEmbedded(() => collect(messages(...unreadable, outcome(image))))
  expect(embedded.result).toEqual(DONE)
  expect(embedded.metrics).toMatchObject({ UnreadableEvents: unreadable.length, EventsCollected: 1 })
  expect(await collected()).toMatchObject([[OUTCOMES, [{ subject: image.imageId }]]])
})

test('a document that was too large for SNS is read from S3', async () => {
  const [large, deleted] = [newImage(), newImage()]
  const document = { app: large.app, image_id: large.imageId, status: 'processed', note: 'x' }
  await s3.send(new PutObjectCommand({ Bucket, Key: metadataKey(large), Body: JSON.stringify(document) }))
  const referring = (image: ImageRef, bucket = Bucket) =>
    outcome(image, { data: undefined, dataref: s3Uri(bucket, metadataKey(image)) })
  await collect(messages(referring(large), referring(deleted), referring(large, 'another-bucket')))
  const [[, lines] = []] = await collected()
  expect(lines?.map(({ data }) => data)).toEqual([document, undefined, undefined])
})

test('if S3 is away, all messages of the file come again', async () => {
  stopped = aws.stop()
  await stopped
  const answer = await collect(messages(outcome(newImage()), 'not JSON', outcome(newImage())))
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }] })
})
