import { createHash } from 'node:crypto'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import {
  fromUserMetadata,
  ImageAccepted,
  type ImageId,
  type ImageRef,
  inputKey,
  newImageId,
  type ProblemError,
} from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { type ArrivalDetails, createIntake, type IntakeOptions } from './accept-image.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const picture = (shade: string) =>
  sharp({ create: { width: 9, height: 6, channels: 3, background: shade } })
    .png()
    .toBuffer()
const png = await picture('#123')
const otherPng = await picture('#fed')

const aws = await startLocalAws()
const shared = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
}
const s3 = new S3Client({ ...shared, endpoint: aws.endpoint })
const sqs = new SQSClient({ ...shared, endpoint: aws.endpoint })
afterAll(async () => {
  for (const client of [s3, sqs, downS3, downSqs]) client.destroy()
  await aws.stop()
})

/** Nothing listens on port 1. */
const nowhere = 'http://127.0.0.1:1'
const downS3 = new S3Client({ ...shared, endpoint: nowhere })
const downSqs = new SQSClient({ ...shared, endpoint: nowhere })

let bucket: string
let queueUrl: string
let number = 0
beforeEach(async () => {
  number += 1
  bucket = `intake-${number}`
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const queue = await sqs.send(new CreateQueueCommand({ QueueName: bucket }))
  queueUrl = queue.QueueUrl ?? ''
})

const fail: IntakeOptions['onUnsent'] = (_, error) => {
  throw error
}

const intake = (down: { s3?: S3Client; sqs?: SQSClient; onUnsent?: IntakeOptions['onUnsent'] } = {}) =>
  createIntake({
    bucket: { s3: down.s3 ?? s3, name: bucket },
    sqs: down.sqs ?? sqs,
    queueUrl,
    source: '/darkroom/test',
    onUnsent: down.onUnsent ?? fail,
  })

const arrivalOf = (change: Partial<ArrivalDetails & { bytes: Uint8Array }> = {}) => ({
  app: 'web-app-1',
  imageId: newImageId(),
  bytes: png,
  origin: { kind: 'http' as const },
  ...change,
})

async function storedKeys(): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
  return Contents.map(({ Key = '' }) => Key)
}

/** Receives and deletes all messages in the queue. */
async function takeMessages(): Promise<ImageAccepted[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
  )
  await Promise.all(
    Messages.map(({ ReceiptHandle }) =>
      sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle })),
    ),
  )
  return Messages.map(({ Body = '' }) => ImageAccepted.parse(JSON.parse(Body)))
}

const refusedAs = (slug: ProblemError['slug']) => expect.objectContaining({ name: 'ProblemError', slug })

describe('an accepted image', () => {
  const full = (imageId: ImageId) =>
    arrivalOf({
      imageId,
      declaredType: 'image/png',
      origin: { kind: 'kafka', topic: 'images.web-app-2', partition: 3, offset: 15 },
      filename: '写真 1.png',
      attributes: { album: 'été', user: 'u-1' },
      traceparent,
    })

  test('is stored unchanged, with its metadata', async () => {
    const arrival = full(newImageId())
    const { image, replayed } = await intake()(arrival)
    expect(replayed).toBe(false)
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: inputKey(arrival) }))
    expect(png.equals((await object.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    expect(object.ContentType).toBe('image/png')
    const { bytes, declaredType, imageId, ...described } = arrival
    expect(fromUserMetadata(object.Metadata, image)).toEqual({
      ...described,
      acceptedAt: image.acceptedAt,
      sha256: createHash('sha256').update(png).digest('hex'),
    })
  })

  test('does not wait behind all images of another app', async () => {
    const accept = intake()
    for (let n = 0; n < 12; n++) await accept({ ...full(newImageId()), app: 'loud' })
    for (let n = 0; n < 2; n++) await accept({ ...full(newImageId()), app: 'quiet' })
    const apps = (await takeMessages()).map(({ data }) => data.app)
    expect(apps.slice(0, 4).filter((app) => app === 'quiet')).toHaveLength(2)
    await takeMessages()
  })

  test('is announced by a message with its URI', async () => {
    const arrival = full(newImageId())
    const { image } = await intake()(arrival)
    const { app, imageId, origin, filename, attributes } = arrival
    expect(await takeMessages()).toEqual([
      {
        specversion: '1.0',
        id: imageId,
        subject: imageId,
        source: '/darkroom/test',
        type: 'image.accepted.v1',
        time: image.acceptedAt,
        datacontenttype: 'application/json',
        traceparent,
        data: {
          app,
          imageId,
          s3Uri: `s3://${bucket}/${inputKey(arrival)}`,
          contentType: 'image/png',
          bytes: png.length,
          sha256: createHash('sha256').update(png).digest('hex'),
          acceptedAt: image.acceptedAt,
          origin,
          filename,
          attributes,
        },
      },
    ])
  })

  test('needs no name, attributes or trace', async () => {
    const { image } = await intake()(arrivalOf())
    expect(image).toMatchObject({ attributes: {}, contentType: 'image/png', bytes: png.length })
    expect(await takeMessages()).toMatchObject([{ data: { attributes: {} } }])
  })

  test.each(['', 'gibberish', `${traceparent}\r\nx: y`, '日本', 'a'.repeat(4000)])(
    'ignores an invalid traceparent: %j',
    async (traceparent) => {
      await intake()(arrivalOf({ traceparent }))
      const [message] = await takeMessages()
      expect(message).toHaveProperty('type', 'image.accepted.v1')
      expect(message).not.toHaveProperty('traceparent')
    },
  )
})

describe('the same id again', () => {
  test('with the same bytes is a repetition, with the answer and the message of the first time', async () => {
    const arrival = arrivalOf({ attributes: { n: '1' } })
    const first = await intake()(arrival)
    await takeMessages()
    const second = await intake()({ ...arrival, traceparent })
    expect(second).toEqual({ image: first.image, replayed: true })
    const [message] = await takeMessages()
    expect(message).toMatchObject({ time: first.image.acceptedAt, data: { attributes: { n: '1' } } })
    expect(message).not.toHaveProperty('traceparent')
  })

  test.each([{ filename: 'new.png' }, { attributes: { n: '2' } }])(
    'with %j is refused over HTTP, and is a repetition over Kafka',
    async (change) => {
      const kafka = { kind: 'kafka' as const, topic: 'images', partition: 0, offset: 7 }
      for (const origin of [{ kind: 'http' as const }, kafka]) {
        const arrival = arrivalOf({ origin, attributes: { n: '1' } })
        const first = await intake()(arrival)
        const again = intake()({ ...arrival, ...change })
        if (origin === kafka) expect(await again).toEqual({ image: first.image, replayed: true })
        else await expect(again).rejects.toEqual(refusedAs('idempotency-key-reused'))
      }
      await takeMessages()
    },
  )

  test('with other bytes is refused, and the first ones stay', async () => {
    const arrival = arrivalOf()
    await intake()(arrival)
    await takeMessages()
    await expect(intake()({ ...arrival, bytes: otherPng })).rejects.toEqual(
      refusedAs('idempotency-key-reused'),
    )
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: inputKey(arrival) }))
    expect(png.equals((await object.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    expect(await takeMessages()).toEqual([])
  })

  test('from another app is another image', async () => {
    const imageId = newImageId()
    await intake()(arrivalOf({ imageId, app: 'web-app-1' }))
    const { replayed } = await intake()(arrivalOf({ imageId, app: 'web-app-2', bytes: otherPng }))
    expect(replayed).toBe(false)
    expect(await storedKeys()).toHaveLength(2)
  })

  test('twenty times in parallel with the same bytes: all succeed, one is the first', async () => {
    const arrival = arrivalOf()
    const all = await Promise.all(Array.from({ length: 20 }, () => intake()(arrival)))
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(new Set(all.map(({ image }) => image.acceptedAt)).size).toBe(1)
    expect(await storedKeys()).toEqual([inputKey(arrival)])
  })

  test('twenty times in parallel with two images: one image wins', async () => {
    const arrival = arrivalOf()
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => intake()({ ...arrival, bytes: n % 2 === 0 ? png : otherPng })),
    )
    const [lost, won] = [
      all.filter((one) => one.status === 'rejected'),
      all.filter((one) => one.status === 'fulfilled'),
    ]
    expect([lost.length, won.length]).toEqual([10, 10])
    expect(new Set(won.map(({ value }) => value.image.sha256)).size).toBe(1)
    for (const { reason } of lost) expect(reason).toEqual(refusedAs('idempotency-key-reused'))
  })
})

describe('the declared type', () => {
  test.each(['image/png', 'IMAGE/PNG; x=y', 'application/octet-stream', 'image/*', '', undefined])(
    '%p is accepted for a PNG',
    async (declaredType) => {
      expect((await intake()(arrivalOf({ declaredType }))).image.contentType).toBe('image/png')
    },
  )

  test.each(['image/jpg', 'image/pjpeg', 'image/jpeg'])('%s is accepted for a JPEG', async (declaredType) => {
    const bytes = await sharp(png).jpeg().toBuffer()
    expect((await intake()(arrivalOf({ bytes, declaredType }))).image.contentType).toBe('image/jpeg')
  })

  test.each(['image/jpeg', 'image/jpg', 'image/apng', 'text/plain', 'png'])(
    '%s is refused for a PNG',
    async (declaredType) => {
      await expect(intake()(arrivalOf({ declaredType }))).rejects.toEqual(refusedAs('type-mismatch'))
      expect(await storedKeys()).toEqual([])
    },
  )
})

test.each<[ProblemError['slug'], Uint8Array]>([
  ['empty-body', Buffer.alloc(0)],
  ['unsupported-media-type', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['corrupt-image', png.subarray(0, png.length - 5)],
])('%s: nothing is stored or sent', async (slug, bytes) => {
  await expect(intake()(arrivalOf({ bytes }))).rejects.toEqual(refusedAs(slug))
  expect(await storedKeys()).toEqual([])
  expect(await takeMessages()).toEqual([])
})

describe('an outage', () => {
  test('of S3: a retryable error with its cause, and no message', async () => {
    const error = await intake({ s3: downS3 })(arrivalOf()).catch((reason: ProblemError) => reason)
    expect(error).toMatchObject({ slug: 'storage-unavailable', retryable: true })
    expect((error as ProblemError).cause).toHaveProperty('message', expect.stringContaining('ECONNREFUSED'))
    expect(await takeMessages()).toEqual([])
  })

  test('includes a bucket that does not exist', async () => {
    bucket = 'no-such-bucket'
    await expect(intake()(arrivalOf())).rejects.toEqual(refusedAs('storage-unavailable'))
  })

  test('of SQS is reported, the image is accepted, and the same call sends its message later', async () => {
    const unsent: unknown[] = []
    const onUnsent = (image: ImageRef, error: Error) => void unsent.push([image, error])
    const { app, imageId, ...arrival } = arrivalOf({ filename: 'a.png' })
    const again = () => intake()({ ...arrival, app, imageId })
    expect(await intake({ sqs: downSqs, onUnsent })({ ...arrival, app, imageId })).toMatchObject({
      image: { imageId },
      replayed: false,
    })
    expect(await storedKeys()).toEqual([inputKey({ app, imageId })])
    expect(unsent).toEqual([[{ app, imageId }, refusedAs('internal')]])
    expect(await takeMessages()).toEqual([])

    const { image, replayed } = await again()
    expect(replayed).toBe(true)
    expect(await takeMessages()).toMatchObject([
      { subject: imageId, time: image.acceptedAt, data: { filename: 'a.png' } },
    ])
  })
})
