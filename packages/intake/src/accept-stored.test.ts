import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { fromUserMetadata, inputKey, newImageId } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { createIntake } from './accept-image.ts'

const picture = (shade: string) =>
  sharp({ create: { width: 9, height: 6, channels: 3, background: shade } })
    .png()
    .toBuffer()
const png = await picture('#123')
const otherPng = await picture('#fed')

const aws = await startLocalAws()
const shared = {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
}
const s3 = new S3Client(shared)
const sqs = new SQSClient(shared)
const Bucket = 'stored'
const KEY = 'claims/web-app-1/one picture+é.png'
let acceptImage: ReturnType<typeof createIntake>
let QueueUrl: string
beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket }))
  QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'stored' }))).QueueUrl ?? ''
  acceptImage = createIntake({
    bucket: { s3, name: Bucket },
    sqs,
    queueUrl: QueueUrl,
    source: '/darkroom/test',
    onUnsent: () => {},
  })
})
afterAll(async () => {
  for (const client of [s3, sqs]) client.destroy()
  await aws.stop()
})

const put = (Body: Uint8Array) => s3.send(new PutObjectCommand({ Bucket, Key: KEY, Body }))
const arrival = (stored: { bytes?: number } = {}) => ({
  app: 'web-app-1',
  imageId: newImageId(),
  origin: { kind: 'http' as const },
  filename: 'é.png',
  attributes: { album: 'coast' },
  stored: { key: KEY, ...stored },
})

async function original(image: { app: string; imageId: string }) {
  const { Body, ...object } = await s3.send(new GetObjectCommand({ Bucket, Key: inputKey(image) }))
  return { ...object, bytes: Buffer.from((await Body?.transformToByteArray()) ?? []) }
}

test('an object becomes the original, with the same metadata as bytes in a request', async () => {
  await put(png)
  const stored = arrival({ bytes: png.length })
  const { image, replayed } = await acceptImage(stored)
  const { stored: _, ...details } = stored
  const direct = await acceptImage({ ...details, imageId: newImageId(), bytes: png })
  expect([replayed, image]).toEqual([
    false,
    { ...direct.image, imageId: stored.imageId, acceptedAt: image.acceptedAt },
  ])
  const copied = await original(stored)
  expect(copied.bytes.equals(png)).toBe(true)
  expect(copied.ContentType).toBe('image/png')
  expect(fromUserMetadata(copied.Metadata, stored)).toEqual({
    ...fromUserMetadata((await original(direct.image)).Metadata, direct.image),
    acceptedAt: image.acceptedAt,
  })
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
  expect(Messages.map(({ Body = '' }) => JSON.parse(Body).subject)).toContain(stored.imageId)
})

test('the original does not change when its source does', async () => {
  await put(png)
  const stored = arrival()
  const first = await acceptImage(stored)
  expect(await acceptImage(stored)).toEqual({ ...first, replayed: true })
  await put(otherPng)
  await expect(acceptImage(stored)).rejects.toMatchObject({ slug: 'idempotency-key-reused' })
  expect((await original(stored)).bytes.equals(png)).toBe(true)
})

test('parallel calls accept one image', async () => {
  await put(png)
  const stored = arrival()
  const acceptances = await Promise.all(Array.from({ length: 6 }, () => acceptImage(stored)))
  expect(acceptances.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(new Set(acceptances.map(({ image }) => image.acceptedAt)).size).toBe(1)
})

test('bytes that change between the check and the copy are not accepted', async () => {
  await put(png)
  const stored = arrival()
  s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'CopyObjectCommand') await put(otherPng)
        return next(args)
      },
    { name: 'swap', step: 'initialize' },
  )
  try {
    await expect(acceptImage(stored)).rejects.toMatchObject({ slug: 'storage-unavailable', retryable: true })
  } finally {
    s3.middlewareStack.remove('swap')
  }
  await expect(original(stored)).rejects.toMatchObject({ name: 'NoSuchKey' })
})

test.each([
  ['of another size', { ...arrival({ bytes: png.length + 1 }) }, 'upload-incomplete'],
  ['of another type', { ...arrival(), declaredType: 'image/jpeg' }, 'type-mismatch'],
  ['of another hash', { ...arrival(), declaredSha256: 'ab'.repeat(32) }, 'checksum-mismatch'],
])('an object %s is refused', async (_, stored, slug) => {
  await put(png)
  await expect(acceptImage(stored)).rejects.toMatchObject({ slug })
  await expect(original(stored)).rejects.toMatchObject({ name: 'NoSuchKey' })
})
