import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs'
import { sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'

const FIRST_SECONDS = 5
const MOST_SECONDS = 900

/**
 * Has a message received again after 5, 15, 45 … seconds rather than after the queue's visibility timeout.
 * If SQS does not answer, that timeout holds.
 */
export async function retryLater(receiptHandle: string, receiveCount: number): Promise<void> {
  const seconds = Math.min(FIRST_SECONDS * 3 ** (receiveCount - 1), MOST_SECONDS)
  const change = { QueueUrl: env.QUEUE_URL, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }
  try {
    await sqs.send(new ChangeMessageVisibilityCommand(change))
  } catch (error) {
    logger.warn('the visibility timeout could not be changed', { error: error as Error })
  }
}
