import { createHash } from 'node:crypto'
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import {
  type Bucket,
  chainReceipt,
  createOriginal,
  newReceipt,
  putDocument,
  putVariant,
} from '@darkroom/bucket'
import {
  type FailedDocument,
  type ImageRef,
  metadataKey,
  newImageId,
  type ProcessedDocument,
  timeOf,
} from '@darkroom/core'
import type { Retention } from '@darkroom/retention'
import sharp from 'sharp'
import type { AuditContext } from '../audit-context.ts'
import type { Breach } from '../breaches.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { QUEUE_NAMES, type QueueName, urlOf } from '../queues.ts'
import { type AuditOptions, runAudit } from '../run-audit.ts'
import { openStatuses } from '../statuses.ts'

const PIXELS = { width: 32, height: 24, channels: 3, background: '#357' } as const
/** 32 × 24 pixels. */
export const PICTURE = await sharp({ create: PIXELS }).webp().toBuffer()

const RETENTION: Retention = {
  default: {
    input: 30,
    processed: 60,
    metadata: 90,
    claims: 7,
    rejected: 30,
    uploads: 1,
    unfinishedUploads: 1,
  },
  apps: {},
}

const FROM_THE_START: Checkpoint = {
  store: '',
  started: 0,
  section: 'images',
  objects: 0,
  images: 0,
  waiting: 0,
  breaches: {},
}

/** The buckets and the queues of a stage on a local server. */
export async function openAuditedStore(endpoint: string, stage: string, queueNames = QUEUE_NAMES) {
  const name = `darkroom-${stage}`
  const settings = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  }
  const bucket: Bucket = { s3: new S3Client({ ...settings, forcePathStyle: true }), name }
  const sqs = new SQSClient(settings)
  const undelivered: Bucket = { ...bucket, name: `undelivered-${stage}` }
  for (const { name: Bucket } of [bucket, undelivered])
    await bucket.s3.send(new CreateBucketCommand({ Bucket }))
  const [queueUrl = ''] = await Promise.all(
    queueNames.map(async (queue) => {
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-${queue}` }))
      return QueueUrl
    }),
  )
  const queues = { sqs, queueUrl, waitSeconds: 0 }
  return {
    bucket,
    undelivered,
    queues,
    put: (Key: string, Body: string | Uint8Array = 'bytes') =>
      bucket.s3.send(new PutObjectCommand({ Bucket: name, Key, Body })),
    remove: (Key: string) => bucket.s3.send(new DeleteObjectCommand({ Bucket: name, Key })),
    putUndelivered: (Key: string, Body: string) =>
      bucket.s3.send(new PutObjectCommand({ Bucket: undelivered.name, Key, Body })),
    send: (queue: QueueName, MessageBody: string) =>
      sqs.send(new SendMessageCommand({ QueueUrl: String(urlOf(queues, queue)), MessageBody })),
    nameOf: (queue: QueueName) => `${name}-${queue}`,

    /** Everything counts as settled unless the context says otherwise. */
    async audit(context: Partial<AuditContext> = {}, options: Partial<AuditOptions> = {}) {
      const breaches: Breach[] = []
      const total = await runAudit({
        context: {
          bucket,
          undelivered,
          retention: RETENTION,
          now: Date.now() + 1_000,
          settledMs: 0,
          ...context,
        },
        queues,
        from: FROM_THE_START,
        onBreach: (breach) => breaches.push(breach),
        onProgress: async () => {},
        ...options,
      })
      return { total, breaches, found: breaches.map(({ class: kind, key }) => [kind, key]) }
    },
    /** An audit that remembers the statuses in a file and compares with those of the last one. */
    async auditStatuses(file: string, context: Partial<AuditContext> = {}) {
      const statuses = await openStatuses(file, name)
      try {
        return (await this.audit({ ...context, statuses }, { queues: undefined })).breaches
      } finally {
        await statuses.close()
      }
    },
    close() {
      bucket.s3.destroy()
      sqs.destroy()
    },
  }
}

export type AuditedStore = Awaited<ReturnType<typeof openAuditedStore>>

const SHA256 = createHash('sha256').update(PICTURE).digest('hex')

/** Stores an original, as the intake does. */
export async function accept(
  { bucket }: AuditedStore,
  app = 'web-app-1',
): Promise<ImageRef & { sha256: string }> {
  const image = { app, imageId: newImageId() }
  const details = { acceptedAt: new Date().toISOString(), origin: { kind: 'http' as const }, attributes: {} }
  const original = { ...image, ...details, contentType: 'image/webp', bytes: PICTURE.length, sha256: SHA256 }
  await createOriginal(bucket, original, PICTURE)
  return { ...image, sha256: SHA256 }
}

/** The same, and everything that the image processor writes. @returns the image and the key of its first variant */
export async function acceptAndProcess(
  store: AuditedStore,
  app?: string,
  names: string[] = ['thumb'],
): Promise<ImageRef & { thumb: string }> {
  const image = await accept(store, app)
  const development = '0a1b2c3d-default-v1'
  const keys = await Promise.all(
    names.map((variant) =>
      putVariant(store.bucket, { ...image, variant, development, extension: 'webp' }, PICTURE, 'image/webp'),
    ),
  )
  await putDocument(store.bucket, processedDocument(image, ...keys))
  return { ...image, thumb: keys[0] ?? '' }
}

function arrivalOf({ app, imageId }: ImageRef) {
  return {
    schema_version: 1 as const,
    image_id: imageId,
    app,
    accepted_at: timeOf(imageId).toISOString(),
    finished_at: new Date().toISOString(),
    origin: 'http' as const,
    attributes: {},
    content_type: 'image/webp' as const,
    bytes: PICTURE.length,
    sha256: SHA256,
    queued_ms: 1,
    processing_ms: 1,
    receive_count: 1,
  }
}

export function processedDocument(image: ImageRef, ...keys: string[]): ProcessedDocument {
  const size = { width: 32, height: 24 }
  return {
    ...arrivalOf(image),
    status: 'processed',
    ...size,
    had_location: false,
    thumbhash: 'AA==',
    dominant_color: '#335577',
    perceptual_hash: '0123456789abcdef',
    preset: 'default',
    preset_version: 1,
    variants: keys.map((key, index) => ({
      name: `variant-${index}`,
      key,
      content_type: 'image/webp',
      ...size,
      bytes: PICTURE.length,
    })),
    variants_bytes: PICTURE.length * keys.length,
  }
}

export function failedDocument(image: ImageRef): FailedDocument {
  return {
    ...arrivalOf(image),
    status: 'failed',
    failure_type: 'retries-exhausted',
    failure_detail: 'Processing failed several times.',
  }
}

/** Writes the receipt of an erasure, over any document, and chains it. */
export async function writeReceipt(store: AuditedStore, image: ImageRef): Promise<void> {
  await store.put(metadataKey(image), `${JSON.stringify(newReceipt(image, 'c0ffee123456', 2))}\n`)
  await chainReceipt(store.bucket, image)
}
