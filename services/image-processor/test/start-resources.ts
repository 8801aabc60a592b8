import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { CreateTopicCommand, DeleteTopicCommand, SNSClient } from '@aws-sdk/client-sns'
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import {
  ImageAccepted,
  type ImageRef,
  inputKey,
  MetadataDocument,
  metadataKey,
  newImageId,
  s3Uri,
} from '@darkroom/core'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import type { SQSEvent, SQSRecord } from 'aws-lambda'

const BUCKET = 'darkroom-test'

/**
 * Starts S3 and SQS on separate servers with the service's bucket and queues, and sets the environment that the handlers
 * read when they are imported, so import them afterwards. S3 can be stopped and started again with its data.
 */
export async function startResources() {
  const dataDir = await mkdtemp(join(tmpdir(), 'image-processor-'))
  let storage = await startLocalAws({ dataDir })
  const queues = await startLocalAws()
  Object.assign(process.env, awsEnvironment(queues.endpoint), {
    AWS_ENDPOINT_URL_S3: storage.endpoint,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
    STAGE: 'test',
    BUCKET,
  })
  const s3 = new S3Client({})
  const sqs = new SQSClient({})
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const [queueUrl, deadLetterQueueUrl, parkedQueueUrl, watchQueueUrl] = await Promise.all(
    ['images', 'images-dead-letters', 'images-parked', 'images-watch'].map((name) => createQueue(sqs, name)),
  )
  const sns = new SNSClient({})
  const createTopic = async () =>
    String((await sns.send(new CreateTopicCommand({ Name: 'events' }))).TopicArn)
  const TopicArn = await createTopic()
  if (!queueUrl || !deadLetterQueueUrl || !parkedQueueUrl || !watchQueueUrl)
    throw new Error('a queue has no URL')
  Object.assign(process.env, {
    QUEUE_URL: queueUrl,
    PARKED_QUEUE_URL: parkedQueueUrl,
    EVENTS_TOPIC_ARN: TopicArn,
  })
  return {
    ...storedObjects(s3),
    ...queuedMessages(sqs),
    queueUrl,
    deadLetterQueueUrl,
    parkedQueueUrl,
    watchQueueUrl,
    createTopic,
    deleteTopic: () => sns.send(new DeleteTopicCommand({ TopicArn })),
    /** What was published to the events topic. */
    published: () => queues.spy.getAllMessages().flatMap(toPublished),
    clearPublished: () => queues.spy.clear(),
    /** Keys in the order in which they were written. */
    writtenKeys: () => storage.spy.getAllMessages().flatMap((event) => writtenKey(event)),
    clearWrites: () => storage.spy.clear(),
    stopStorage: () => storage.stop(),
    startStorage: async () => {
      storage = await startLocalAws({ dataDir, port: storage.port })
    },
    stop: async () => {
      await Promise.all([storage.stop(), queues.stop()])
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Lambda's context of a function that has just started. */
export const wholeMinute = { getRemainingTimeInMillis: () => 60_000 }

export type Resources = Awaited<ReturnType<typeof startResources>>

/** The message that the upload API would send for an image whose original is in S3. */
export function acceptedMessage(bytes: Uint8Array, more: Partial<ImageAccepted['data']> = {}): ImageAccepted {
  const acceptedAt = new Date()
  const { app = 'web-app-1', imageId = newImageId(acceptedAt) } = more
  const image = { app, imageId }
  return ImageAccepted.parse({
    specversion: '1.0',
    id: image.imageId,
    source: '/darkroom/test',
    type: 'image.accepted.v1',
    time: acceptedAt.toISOString(),
    subject: image.imageId,
    datacontenttype: 'application/json',
    data: {
      ...image,
      s3Uri: s3Uri(BUCKET, inputKey(image)),
      contentType: 'image/jpeg',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      acceptedAt: acceptedAt.toISOString(),
      origin: { kind: 'http' },
      attributes: {},
      ...more,
    },
  })
}

function storedObjects(s3: S3Client) {
  const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  return {
    get,
    put: (Key: string, Body: Uint8Array | string, Metadata: Record<string, string> = {}) =>
      s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, Metadata })),
    remove: (Key: string) => s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key })),
    list: async (Prefix: string): Promise<string[]> => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix }))
      return Contents.map(({ Key }) => String(Key))
    },
    /** The image's metadata document; rejects with NoSuchKey while there is none. */
    document: async (image: ImageRef): Promise<MetadataDocument> => {
      const { Body } = await get(metadataKey(image))
      return MetadataDocument.parse(JSON.parse(String(await Body?.transformToString())))
    },
  }
}

function queuedMessages(sqs: SQSClient) {
  const receive = async (QueueUrl: string, count: number): Promise<Message[]> => {
    const messages: Message[] = []
    while (messages.length < count) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: count - messages.length,
          WaitTimeSeconds: 20,
          MessageSystemAttributeNames: ['All'],
        }),
      )
      messages.push(...Messages)
    }
    return messages
  }
  return {
    send: (QueueUrl: string, body: object | string) => {
      const MessageBody = typeof body === 'string' ? body : JSON.stringify(body)
      return sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
    },
    /** Waits for messages and returns them as Lambda's event. */
    receiveEvent: async (QueueUrl: string, count = 1): Promise<SQSEvent> => ({
      Records: (await receive(QueueUrl, count)).map(toRecord),
    }),
    /** Makes the messages of an event visible and receives them again. */
    redeliver: async (QueueUrl: string, { Records }: SQSEvent): Promise<SQSEvent> => {
      for (const { receiptHandle: ReceiptHandle } of Records) {
        const makeVisible = { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }
        await sqs.send(new ChangeMessageVisibilityCommand(makeVisible))
      }
      return { Records: (await receive(QueueUrl, Records.length)).map(toRecord) }
    },
    /** Deletes the messages of an event, so that no later test receives them. */
    discard: async (QueueUrl: string, { Records }: SQSEvent): Promise<void> => {
      for (const { receiptHandle: ReceiptHandle } of Records) {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
      }
    },
    /** How many messages wait for the end of their delay. */
    delayed: async (QueueUrl: string): Promise<number> => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessagesDelayed'] }),
      )
      return Number(Attributes?.ApproximateNumberOfMessagesDelayed)
    },
    /** The bodies of the messages in a queue. */
    bodies: async (QueueUrl: string): Promise<string[]> => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      )
      return Messages.map(({ Body }) => String(Body))
    },
  }
}

async function createQueue(sqs: SQSClient, QueueName: string): Promise<string | undefined> {
  const Attributes = { VisibilityTimeout: '360' }
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl
}

function writtenKey(event: { service: string; status: string; key?: string }): string[] {
  return event.service === 's3' && event.status === 'uploaded' && event.key ? [event.key] : []
}

function toPublished(event: ReturnType<LocalAws['spy']['getAllMessages']>[number]) {
  if (event.service !== 'sns') return []
  const attributes = Object.entries(event.messageAttributes).map(([name, value]) => [name, value.StringValue])
  return [{ body: event.body, attributes: Object.fromEntries(attributes) }]
}

function toRecord({ MessageId, ReceiptHandle, Body, Attributes, MD5OfBody }: Message): SQSRecord {
  return {
    messageId: String(MessageId),
    receiptHandle: String(ReceiptHandle),
    body: String(Body),
    attributes: { ...Attributes } as SQSRecord['attributes'] & Record<string, string>,
    messageAttributes: {},
    md5OfBody: String(MD5OfBody),
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:images',
    awsRegion: 'us-east-1',
  }
}
