import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { forgetBytes, newReceipt, type Original } from '@darkroom/bucket'
import {
  hashKey,
  type ImageRef,
  inputKey,
  type MetadataDocument,
  metadataKey,
  newImageId,
  toUserMetadata,
} from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import type { Retention } from '@darkroom/retention'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import sharp from 'sharp'
import { createIntake } from './accept-image.ts'

const app = 'thrifty'
const DAY = 86_400_000
const retention: Retention = {
  default: {
    input: 30,
    processed: 365,
    metadata: 730,
    claims: 7,
    rejected: 30,
    uploads: 1,
    unfinishedUploads: 1,
  },
  apps: {},
}
const picture = (background: string) =>
  sharp({ create: { width: 9, height: 6, channels: 3, background } })
    .png()
    .toBuffer()
const [png, otherPng] = await Promise.all([picture('#123'), picture('#fed')])

const aws = await startLocalAws()
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const client = { region: 'us-east-1', credentials, endpoint: aws.endpoint, maxAttempts: 1 }
const s3 = new S3Client(client)
const sqs = new SQSClient(client)
afterAll(async () => {
  s3.destroy()
  sqs.destroy()
  await aws.stop()
})

let bucket: string
let queueUrl: string
let acceptImage: ReturnType<typeof createIntake>
let unremembered: string[]
let number = 0
beforeEach(async () => {
  number += 1
  bucket = `known-${number}`
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  queueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: bucket }))).QueueUrl ?? ''
  unremembered = []
  const onUnremembered = ({ imageId }: ImageRef) => void unremembered.push(imageId)
  const deduplication = {
    isEnabled: (some: string) => [app, 'other'].includes(some),
    retention,
    onUnremembered,
  }
  acceptImage = createIntake({
    bucket: { s3, name: bucket },
    sqs,
    queueUrl,
    source: '/darkroom/test',
    onUnsent: () => {},
    deduplication,
  })
})

const accept = (change: Partial<ImageRef & { bytes: Uint8Array; filename: string }> = {}) =>
  acceptImage({ app, imageId: newImageId(), bytes: png, origin: { kind: 'http' }, ...change })

const storeAgain = (image: Original) =>
  s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: inputKey(image),
      Body: png,
      ContentType: image.contentType,
      Metadata: toUserMetadata(image),
    }),
  )

async function keys(prefix = ''): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))
  return Contents.map(({ Key = '' }) => Key)
}

async function messages(): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages' as const]
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames }))
  return Number(Attributes?.ApproximateNumberOfMessages)
}

/** The image that `hashes/` names for these bytes. */
async function remembered(sha256: string): Promise<string | undefined> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: hashKey({ app, sha256 }) }))
  return Body?.transformToString()
}

/** Writes the document of an image, as the processor or the API does. */
async function end({ app: owner, imageId }: ImageRef, status: 'failed' | 'erased' | 'processed') {
  const common = {
    schema_version: 1,
    image_id: imageId,
    app: owner,
    accepted_at: new Date().toISOString(),
    status,
  }
  const finished = {
    ...common,
    finished_at: common.accepted_at,
    origin: 'http',
    attributes: {},
    content_type: 'image/png',
    bytes: png.length,
    sha256: 'ab'.repeat(32),
    queued_ms: 1,
    processing_ms: 1,
    receive_count: 1,
  }
  const documents = {
    failed: { ...finished, failure_type: 'corrupt-image', failure_detail: 'x' },
    erased: newReceipt({ app: owner, imageId }, 'c0ffee123456', 1),
    processed: {
      ...finished,
      width: 9,
      height: 6,
      had_location: false,
      thumbhash: 'x',
      dominant_color: '#112233',
      perceptual_hash: '0'.repeat(16),
      preset: 'default',
      preset_version: 1,
      variants: [],
      variants_bytes: 0,
    },
  } as const
  const document = documents[status] as MetadataDocument
  const Key = metadataKey({ app: owner, imageId })
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: JSON.stringify(document) }))
}

describe('the same bytes again', () => {
  test('are answered by a queued image, and nothing is stored or sent', async () => {
    const { image: first } = await accept({ filename: 'first.png' })
    const before = await keys()
    const again = await accept({ filename: 'again.png' })
    expect(again).toEqual({ image: first, replayed: false, duplicate: true })
    expect(await keys()).toEqual(before)
    expect(await messages()).toBe(1)
  })

  test('are answered by a processed image', async () => {
    const { image: first } = await accept()
    await end(first, 'processed')
    expect(await accept()).toMatchObject({ image: { imageId: first.imageId }, duplicate: true })
  })

  test.each(['failed', 'erased'] as const)('are a new image if the first one is %s', async (status) => {
    const { image: first } = await accept()
    await end(first, status)
    const { image: second, duplicate } = await accept()
    expect(duplicate).toBeUndefined()
    expect(await remembered(second.sha256)).toBe(second.imageId)
    expect(await keys('input/')).toEqual([first, second].map(inputKey).toSorted())
    expect((await accept()).image.imageId).toBe(second.imageId)
  })

  test('are another image if S3 failed to store their hash, and neither is refused', async () => {
    s3.middlewareStack.add(
      (next) => (args) => {
        const { Key = '', Body } = args.input as { Key?: string; Body?: unknown }
        if (Body !== undefined && Key.startsWith('hashes/')) throw new Error('simulated')
        return next(args)
      },
      { name: 'outage', step: 'initialize' },
    )
    try {
      const { image: first } = await accept()
      const { image: second, duplicate } = await accept()
      expect(duplicate).toBeUndefined()
      expect(await keys()).toEqual([first, second].map(inputKey).toSorted())
      expect(await messages()).toBe(2)
      expect(unremembered).toEqual([first.imageId, second.imageId])
    } finally {
      s3.middlewareStack.remove('outage')
    }
  })

  test('under the id of an image that is being erased leave no entry for its bytes', async () => {
    const { image } = await accept()
    await end(image, 'erased')
    await forgetBytes({ s3, name: bucket }, image)
    await accept({ imageId: image.imageId })
    expect(await keys('hashes/')).toEqual([])
  })

  test('are a new image if the original was deleted', async () => {
    const { image: first } = await accept()
    await end(first, 'processed')
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: inputKey(first) }))
    expect((await accept()).duplicate).toBeUndefined()
  })

  test('are a new image after the retention of the original, even if S3 still has it', async () => {
    const { image: first } = await accept()
    await storeAgain({ ...first, acceptedAt: new Date(Date.now() - 31 * DAY).toISOString() })
    const { image: second, duplicate } = await accept()
    expect(duplicate).toBeUndefined()
    await storeAgain({ ...second, acceptedAt: new Date(Date.now() - 29 * DAY).toISOString() })
    expect((await accept()).image.imageId).toBe(second.imageId)
  })

  test('from another app are another image', async () => {
    await accept()
    const { image, duplicate } = await accept({ app: 'other' })
    expect([image.app, duplicate]).toEqual(['other', undefined])
  })

  test('from an app without deduplication are a new image, and no hash is stored', async () => {
    await accept({ app: 'plain' })
    expect((await accept({ app: 'plain' })).duplicate).toBeUndefined()
    expect(await keys('hashes/')).toEqual([])
  })

  test('under the same id store the hash, if the first attempt stopped before that', async () => {
    const { image } = await accept()
    await forgetBytes({ s3, name: bucket }, image)
    await accept({ imageId: image.imageId })
    expect(await remembered(image.sha256)).toBe(image.imageId)
  })

  test('under the same id are a repetition', async () => {
    const imageId = newImageId()
    await accept({ imageId })
    expect(await accept({ imageId })).toMatchObject({ image: { imageId }, replayed: true })
    expect(await messages()).toBe(2)
  })

  test('under the id of an accepted image are a repetition, even if another image has the hash', async () => {
    const { image: own } = await accept()
    await end(own, 'failed')
    const { image: second } = await accept()
    expect(await accept({ imageId: own.imageId })).toMatchObject({
      image: { imageId: own.imageId },
      replayed: true,
    })
    expect(await remembered(own.sha256)).toBe(second.imageId)
  })

  test('under the id of other bytes are refused', async () => {
    const { image: other } = await accept({ bytes: otherPng })
    await expect(accept({ imageId: other.imageId })).rejects.toMatchObject({
      slug: 'idempotency-key-reused',
    })
  })

  test('in parallel are each answered by a stored image', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => accept()))
    const stored = await keys('input/')
    for (const { image } of answers) expect(stored).toContain(inputKey(image))
    const { image } = await accept()
    expect(stored).toContain(inputKey(image))
    expect(await messages()).toBe(stored.length)
  })
})

describe('forgetBytes', () => {
  test('deletes the entry that names the image, and no other', async () => {
    const { image: first } = await accept()
    await end(first, 'failed')
    const { image: second } = await accept()
    await forgetBytes({ s3, name: bucket }, first)
    expect(await remembered(second.sha256)).toBe(second.imageId)
    await forgetBytes({ s3, name: bucket }, second)
    expect(await keys('hashes/')).toEqual([])
    await forgetBytes({ s3, name: bucket }, second)
  })
})
