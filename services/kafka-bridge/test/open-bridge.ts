import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import {
  deriveImageId,
  ImageAccepted,
  type ImageRef,
  ImageRefused,
  MetadataDocument,
  metadataKey,
} from '@darkroom/core'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { jest } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import type { KafkaBatchResponse } from '../src/bridge-records.ts'
import { identifyRecord } from '../src/identify-record.ts'
import { kafkaEvent, TOPIC } from './kafka-records.ts'
import { type CountedRecords, readCounts } from './read-counts.ts'

export const Bucket = 'darkroom-test'
export const Undelivered = 'undelivered-test'
export const APPS = { [TOPIC]: 'web-app-2' }

/** The image of a record whose time is plausible. */
export function imageOf(record: MSKRecord): ImageRef {
  const { identity } = identifyRecord(record, APPS)
  return { app: identity.app, imageId: deriveImageId(identity) }
}

/** The handler's response if the whole batch is done. */
export const NO_FAILURES = { batchItemFailures: [] }
export const failedFrom = (offset: number, partition = 0) => ({
  itemIdentifier: { partition: `${TOPIC}-${partition}`, offset },
})

export type OpenBridge = Awaited<ReturnType<typeof openBridge>>

/**
 * The handler with its own S3 and SQS. They keep their address, and can be stopped and started again, empty or with the
 * data in `dataDir`.
 */
export async function openBridge(dataDir?: string) {
  const { port, stop } = await startLocalAws()
  await stop()
  const options = { port, ...(dataDir && { dataDir }) }
  let aws = await startLocalAws(options)
  let isRunning = true
  Object.assign(process.env, awsEnvironment(aws.endpoint), {
    STAGE: 'test',
    BUCKET: Bucket,
    UNDELIVERED_BUCKET: Undelivered,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  })
  const s3 = new S3Client({})
  const sqs = new SQSClient({})
  const createAll = async () => {
    for (const name of [Bucket, Undelivered]) {
      await s3.send(new CreateBucketCommand({ Bucket: name })).catch((error) => {
        if (error.name !== 'BucketAlreadyOwnedByYou') throw error
      })
    }
    await sqs.send(new CreateQueueCommand({ QueueName: 'outcomes' }))
    return String((await sqs.send(new CreateQueueCommand({ QueueName: 'images' }))).QueueUrl)
  }
  const QueueUrl = await createAll()
  process.env.QUEUE_URL = QueueUrl
  const { handler } = await import('../src/bridge-records.ts')
  const { forgetKept } = await import('../src/kept-records.ts')
  const { bucket, sqs: ownSqs } = await import('../src/clients.ts')
  const clients = { s3: bucket.s3, sqs: ownSqs }
  const keysIn = async (bucket: string, Prefix: string) => {
    const found: string[] = []
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
      found.push(...Contents.map(({ Key }) => String(Key)))
    }
    return found
  }
  const takeBodies = async (url: string): Promise<string[]> => {
    const taken: string[] = []
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }),
      )
      if (Messages.length === 0) return taken
      taken.push(...Messages.map(({ Body }) => String(Body)))
      const Entries = Messages.map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle }))
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }))
    }
  }
  const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }))

  return {
    s3,
    sqs,
    /** The service's clients. */
    clients,
    QueueUrl,
    get,
    spy: (): LocalAws['spy'] => aws.spy,
    async stop(): Promise<void> {
      isRunning = false
      await aws.stop()
    },

    /** Keeps the data, if there is a data directory. */
    async start(): Promise<void> {
      aws = await startLocalAws(options)
      isRunning = true
    },

    /** An empty bucket, an empty queue and a new minute. Starts both if they do not run. */
    async clear(): Promise<void> {
      forgetKept()
      if (!isRunning) await this.start()
      aws.clear()
      await createAll()
    },

    async bridge(...records: MSKRecord[]): Promise<KafkaBatchResponse> {
      return (await this.count(...records)).answer
    },

    /** Like `bridge`, and also returns the metrics. */
    count: (...records: MSKRecord[]) => countMetrics(() => handler(kafkaEvent(...records))),

    put: (Key: string, Body: string | Uint8Array) => s3.send(new PutObjectCommand({ Bucket, Key, Body })),

    keys: (Prefix: string) => keysIn(Bucket, Prefix),

    putUndelivered: (Key: string, Body: string) =>
      s3.send(new PutObjectCommand({ Bucket: Undelivered, Key, Body })),
    undeliveredKeys: () => keysIn(Undelivered, ''),

    /** Keys of everything but the decided ids of events and what an erasure has to find. */
    async imageKeys(): Promise<string[]> {
      return (await this.keys('')).filter((key) => !/^(events|linked)\//.test(key))
    },

    /** As if the images had been accepted before the ids of events were decided. */
    async forgetEvents(): Promise<void> {
      for (const Key of await this.keys('events/')) await s3.send(new DeleteObjectCommand({ Bucket, Key }))
    },

    async document(image: ImageRef): Promise<MetadataDocument> {
      const { Body } = await get(metadataKey(image))
      return MetadataDocument.parse(JSON.parse(String(await Body?.transformToString())))
    },

    /** Receives and deletes all messages in the image queue. */
    async takeMessages(): Promise<ImageAccepted[]> {
      return (await takeBodies(QueueUrl)).map((body) => ImageAccepted.parse(JSON.parse(body)))
    },

    /** The same of the events of refusals. */
    async takeRefusals(): Promise<ImageRefused[]> {
      const bodies = await takeBodies(QueueUrl.replace(/images$/, 'outcomes'))
      return bodies.map((body) => ImageRefused.parse(JSON.parse(body)))
    },
  }
}

/** What a handler answers, and the metrics that it prints meanwhile. */
export async function countMetrics<Answer>(
  run: () => Promise<Answer>,
): Promise<{ answer: Answer; counts: CountedRecords[] }> {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    const answer = await run()
    return { answer, counts: readCounts(write.mock.calls.map(([chunk]) => String(chunk)).join('')) }
  } finally {
    write.mockRestore()
  }
}
