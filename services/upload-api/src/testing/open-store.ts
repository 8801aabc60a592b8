import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { AppSettings } from '@darkroom/app-configuration'
import { configurationFile } from '@darkroom/app-configuration/testing'
import {
  ImageAccepted,
  type ImageRef,
  ImageRefused,
  inputKey,
  type MetadataDocument,
  metadataKey,
  timeOf,
  toUserMetadata,
} from '@darkroom/core'
import type { SQSRecord } from 'aws-lambda'

const bucket = 'darkroom-test'

/** Long enough for the dates in tests. Images of the apps `brief` and `fleeting` expire sooner. */
const configuration = {
  retentionDays: {
    input: 36_500,
    processed: 36_500,
    metadata: 36_500,
    claims: 36_500,
    rejected: 36_500,
    uploads: 1,
    unfinishedUploads: 1,
  },
  apps: {
    'web-app-1': {},
    'web-app-2': { topics: ['images.web-app-2'] },
    brief: { deduplication: true, retentionDays: { input: 7, processed: 30, metadata: 90 } },
    fleeting: { retentionDays: { input: 1, processed: 3, metadata: 9 } },
    thrifty: { deduplication: true },
  },
}

/**
 * Configures the service for the servers that `environment` points at, with a bucket and a queue in them. A
 * handler reads its configuration when it is imported, so import it after this.
 *
 * @param apps more apps, with their settings
 */
export async function openStore(environment: Record<string, string>, apps: Record<string, AppSettings> = {}) {
  Object.assign(process.env, environment, {
    STAGE: 'test',
    BUCKET: bucket,
    APPS_FILE: configurationFile({ ...configuration, apps: { ...configuration.apps, ...apps } }),
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  })
  const s3 = new S3Client({ maxAttempts: 1 })
  const sqs = new SQSClient({ maxAttempts: 1 })
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
  process.env.QUEUE_URL = QueueUrl
  for (const QueueName of ['images-watch', 'images-parked'])
    await sqs.send(new CreateQueueCommand({ QueueName }))
  const outcomes = await sqs.send(new CreateQueueCommand({ QueueName: 'outcomes' }))

  const put = (Key: string, Body: string | Uint8Array, more: { [name: string]: unknown } = {}) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...more }))

  const takeBodies = async (url: string): Promise<string[]> => {
    const receive = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 })
    const { Messages = [] } = await sqs.send(receive)
    for (const { ReceiptHandle } of Messages)
      await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }))
    return Messages.map(({ Body = '' }) => Body)
  }

  return {
    s3,
    sqs,
    bucket,
    put,

    /** A queued original, as the intake stores it; accepted at the time in its id unless told otherwise. */
    async putInput(image: ImageRef & { filename?: string; acceptedAt?: string | undefined }): Promise<void> {
      const metadata = {
        app: image.app,
        acceptedAt: image.acceptedAt ?? timeOf(image.imageId).toISOString(),
        sha256: 'ab'.repeat(32),
        origin: { kind: 'http' as const },
        filename: image.filename,
        attributes: {},
      }
      await put(inputKey(image), 'bytes', { ContentType: 'image/jpeg', Metadata: toUserMetadata(metadata) })
    },

    async putDocument(document: MetadataDocument): Promise<void> {
      const key = metadataKey({ app: document.app, imageId: document.image_id })
      await put(key, `${JSON.stringify(document)}\n`, { ContentType: 'application/json' })
    },

    async remove(Key: string): Promise<void> {
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
    },

    async storedKeys(): Promise<string[]> {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }))
      return Contents.map(({ Key = '' }) => Key)
    },

    /** Receives and deletes all messages in the queue. */
    async takeMessages(): Promise<ImageAccepted[]> {
      return (await takeBodies(QueueUrl)).map((body) => ImageAccepted.parse(JSON.parse(body)))
    },

    async purge(): Promise<void> {
      await sqs.send(new PurgeQueueCommand({ QueueUrl }))
    },

    /** The same of the queue of parked messages, unparsed. */
    takeParked: () => takeBodies(`${QueueUrl}-parked`),

    /** The same of the events of refusals. */
    async takeRefusals(): Promise<ImageRefused[]> {
      return (await takeBodies(String(outcomes.QueueUrl))).map((body) => ImageRefused.parse(JSON.parse(body)))
    },

    /** Lets S3 send its events to the watch queue, as image-processor's template does. */
    async notifyWatchQueue(): Promise<void> {
      const NotificationConfiguration = {
        QueueConfigurations: ['input/', 'uploads/', 'erasing/'].map((Value) => ({
          QueueArn: 'arn:aws:sqs:us-east-1:000000000000:images-watch',
          Events: ['s3:ObjectCreated:*' as const],
          Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value }] } },
        })),
      }
      await s3.send(
        new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration }),
      )
    },

    /** Receives up to ten messages of the watch queue, as Lambda does. They stay hidden for six minutes. */
    async receiveWatched(): Promise<SQSRecord[]> {
      const receive = new ReceiveMessageCommand({
        QueueUrl: `${QueueUrl}-watch`,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 360,
        MessageSystemAttributeNames: ['All'],
      })
      const { Messages = [] } = await sqs.send(receive)
      return Messages.map(toRecord)
    },

    /** Deletes messages of the watch queue, as Lambda does when they are done. */
    async deleteWatched(records: SQSRecord[]): Promise<void> {
      for (const { receiptHandle: ReceiptHandle } of records)
        await sqs.send(new DeleteMessageCommand({ QueueUrl: `${QueueUrl}-watch`, ReceiptHandle }))
    },

    async close(): Promise<void> {
      const clients = await import('../clients.ts')
      for (const client of [s3, sqs, clients.bucket.s3, clients.sqs]) client.destroy()
    },
  }
}

function toRecord({ MessageId = '', ReceiptHandle = '', Body = '', Attributes = {} }: Message): SQSRecord {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:images-watch',
    awsRegion: 'us-east-1',
  }
}
