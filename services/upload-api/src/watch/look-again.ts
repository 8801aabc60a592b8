import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs'
import { sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { watchQueueUrl } from '../intake.ts'
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
