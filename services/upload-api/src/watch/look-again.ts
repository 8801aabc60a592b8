import { ChangeMessageVisibilityCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { hashKey, type ImageRef, metadataKey, repeatedS3Event } from '@darkroom/core'
import { bucket, sqs } from '../clients.ts'
import { env, watchQueueUrl } from '../environment.ts'
import { logger } from '../logger.ts'

/** SQS's limit is 12 hours from the receive. */
const MAX_SECONDS = 12 * 3600 - 300

/**
 * Makes a message visible again when it is twice as old: an image is looked at after 2, 4, 8 … minutes, and later every 12 hours.
 * If SQS fails, the queue's visibility timeout applies.
 */
export async function lookAgain(receiptHandle: string, ageMs: number): Promise<void> {
  const VisibilityTimeout = Math.min(Math.max(Math.round(ageMs / 1000), env.WATCH_DELAY_SECONDS), MAX_SECONDS)
  const change = { QueueUrl: watchQueueUrl, ReceiptHandle: receiptHandle, VisibilityTimeout }
  try {
    await sqs.send(new ChangeMessageVisibilityCommand(change))
  } catch (error) {
    logger.warn('the visibility timeout could not be changed', { error: error as Error })
  }
}

const MAX_BATCH = 10

/** Messages for the watch queue, which are looked at after its delay. @throws if SQS does not take them */
export async function watchLater(bodies: string[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += MAX_BATCH) {
    const Entries = bodies
      .slice(from, from + MAX_BATCH)
      .map((MessageBody, n) => ({ Id: String(n), MessageBody }))
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: watchQueueUrl, Entries }))
    if (Failed.length > 0)
      throw new Error(`SQS did not take ${Failed.length} messages: ${Failed[0]?.Message}`)
  }
}

/**
 * Has what an image may leave after its erasure looked at once more: its variants, and the entry for its bytes if its app has deduplication, or had it when they were sent.
 * By then no attempt or upload runs any more that began before now. @throws if SQS does not take the messages
 */
export async function watchErased(image: ImageRef, sha256?: string): Promise<void> {
  const { app } = image
  await watchLater([...(sha256 ? [lookAt(hashKey({ app, sha256 }))] : []), lookAt(metadataKey(image))])
}

/**
 * Has the variants of images compared with their documents, when no attempt runs any more that began before now. @throws if SQS
 * does not take the messages
 */
export async function watchVariants(images: ImageRef[]): Promise<void> {
  await watchLater(images.map((image) => lookAt(metadataKey(image))))
}

/** As S3 sends it of other keys. */
const lookAt = (key: string) => JSON.stringify(repeatedS3Event(bucket.name, key, new Date()))
