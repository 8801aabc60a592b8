import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { sqs } from './clients.ts'
import { env } from './environment.ts'
import { logger } from './logger.ts'

/** Below this, the processor is at most seconds behind. */
const MAX_WAITING_MESSAGES = 100
/** More than the processor has in work at once: the others wait for their next receive after an error. */
const MAX_RECEIVED_MESSAGES = 1000

/** Half of what the processor's default `maximumConcurrency` does. */
const IMAGES_PER_SECOND = 100
const [MIN_RETRY_SECONDS, MAX_RETRY_SECONDS] = [2, 60]

/** How long an answer of SQS is used for requests that wait. */
const FRESH_MS = 5_000
let latest = { retrySeconds: 0, readAt: 0 }

/** Nothing is known about an image whose message may wait with many others. */
export class QueueBehind extends Error {
  override name = 'QueueBehind'
}

/** Whether images wait for the processor. Then a missing document does not mean that a message was lost. */
export async function isBehind(): Promise<boolean> {
  return (await readRetrySeconds()) > 0
}

/**
 * After how many seconds a client should ask again for an image in the queue, if the processor is behind; otherwise 0.
 * An instance of a function asks SQS once in five seconds at most.
 */
export async function retrySecondsIfBehind(): Promise<number> {
  if (Date.now() - latest.readAt >= FRESH_MS)
    latest = { retrySeconds: await readRetrySeconds(), readAt: Date.now() }
  return latest.retrySeconds
}

/** The same, of this instance's latest answer if it is not older than five seconds. */
export function knownRetrySeconds(): number {
  return Date.now() - latest.readAt < FRESH_MS ? latest.retrySeconds : 0
}

async function readRetrySeconds(): Promise<number> {
  try {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: env.QUEUE_URL,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    )
    const waiting = Number(Attributes.ApproximateNumberOfMessages)
    const received = Number(Attributes.ApproximateNumberOfMessagesNotVisible)
    if (waiting <= MAX_WAITING_MESSAGES && received <= MAX_RECEIVED_MESSAGES) return 0
    const seconds = Math.ceil(Math.max(waiting, received) / IMAGES_PER_SECOND)
    return Math.min(Math.max(seconds, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS)
  } catch (error) {
    logger.warn('the image queue does not answer', { error: error as Error })
    return MAX_RETRY_SECONDS
  }
}
