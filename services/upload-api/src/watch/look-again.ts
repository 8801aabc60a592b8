import { ChangeMessageVisibilityCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { type HashRef, hashKey, repeatedS3Event } from '@darkroom/core'
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
 * Has the entry for the bytes of an image looked at once more, when no upload runs any more that began before now. @throws if
 * SQS does not take the message
 */
export async function watchHash(bytes: HashRef): Promise<void> {
  await watchLater([JSON.stringify(repeatedS3Event(bucket.name, hashKey(bytes), new Date()))])
}
