import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { createOriginal, openBucket } from '@darkroom/bucket'
import { inputKey, metadataKey, newImageId, s3Uri } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import type { Store } from './open-store.ts'
import { findApps, traceImage } from './trace.ts'

const aws = await startLocalAws()
const settings = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const bucket = openBucket('darkroom', { ...settings, forcePathStyle: true })
const sqs = new SQSClient(settings)
await bucket.s3.send(new CreateBucketCommand({ Bucket: bucket.name }))
const urls: string[] = []
for (const QueueName of ['images', 'images-dead-letters', 'images-parked'])
  urls.push(String((await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl))
const queueUrl = String(urls[0])
const store: Store = {
  bucket,
  isLocal: true,
  label: 'test',
  queues: { sqs, queueUrl, waitSeconds: 0 },
  close: () => {},
}
afterAll(async () => {
  bucket.s3.destroy()
  sqs.destroy()
  await aws.stop()
})

const image = { app: 'web-app-1', imageId: newImageId(new Date('2026-11-28T10:00:00.000Z')) }
const acceptedAt = '2026-11-28T10:00:00.500Z'
const described = {
  ...image,
  acceptedAt,
  contentType: 'image/jpeg',
  bytes: 3,
  // Of the bytes 1, 2, 3.
  sha256: '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81',
  origin: { kind: 'http' as const },
  attributes: {},
}

test('an image is traced from its id to the parked message, in the order of time', async () => {
  await createOriginal(bucket, described, new Uint8Array([1, 2, 3]))
  const finished_at = '2026-11-28T10:00:02.000Z'
  const document = {
    ...{ schema_version: 1, image_id: image.imageId, app: image.app, accepted_at: acceptedAt, finished_at },
    ...{ origin: 'http', attributes: {}, status: 'failed', receive_count: 6 },
    ...{ failure_type: 'retries-exhausted', failure_detail: 'Processing failed several times.' },
  }
  const Key = metadataKey(image)
  await bucket.s3.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body: JSON.stringify(document) }))
  const message = {
    ...{
      specversion: '1.0',
      id: image.imageId,
      source: '/test',
      type: 'image.accepted.v1',
      time: acceptedAt,
    },
    ...{ subject: image.imageId, datacontenttype: 'application/json' },
    data: { ...described, s3Uri: s3Uri(bucket.name, inputKey(image)) },
  }
  await sqs.send(
    new SendMessageCommand({ QueueUrl: `${queueUrl}-parked`, MessageBody: JSON.stringify(message) }),
  )
  const events = await traceImage(store, image)
  expect(events.map(({ what }) => what)).toEqual([
    ...['id made', 'accepted', 'failed', 'written', 'written', 'parked', 'image queue'],
  ])
  expect(events.map(({ details }) => details)).toEqual([
    'by the client or the server',
    'http, image/jpeg, 3 bytes',
    'retries-exhausted: Processing failed several times. (receive 6)',
    expect.stringMatching(/^input\/.*, 3 bytes$/),
    expect.stringMatching(/^metadata\//),
    expect.stringMatching(/^message .*, retries-exhausted$/),
    '0 messages',
  ])
  expect(await findApps(store, image.imageId)).toEqual(['web-app-1'])
})

test('nothing is known of an id that was never used', async () => {
  const imageId = newImageId()
  expect(await findApps(store, imageId)).toEqual([])
  expect(await traceImage(store, { app: 'web-app-1', imageId })).toEqual([])
})
