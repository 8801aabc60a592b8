import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs'
import { sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'

const FIRST_DELAY_SECONDS = 5
const MAX_DELAY_SECONDS = 900

/**
 * Makes a message visible again after 5, 15, 45 … seconds instead of the queue's visibility timeout. If SQS fails, that
 * timeout applies.
 */
export async function retryLater(receiptHandle: string, receiveCount: number): Promise<void> {
  const seconds = Math.min(FIRST_DELAY_SECONDS * 3 ** (receiveCount - 1), MAX_DELAY_SECONDS)
  const change = { QueueUrl: env.QUEUE_URL, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }
  try {
    await sqs.send(new ChangeMessageVisibilityCommand(change))
  } catch (error) {
    logger.warn('the visibility timeout could not be changed', { error: error as Error })
  }
}
