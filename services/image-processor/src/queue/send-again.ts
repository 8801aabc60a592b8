import { ChangeMessageVisibilityCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { type ImageAccepted, toAsciiJson } from '@darkroom/core'
import { sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'

/** What the next receive has to know of this one. */
export type Notes = Pick<ImageAccepted, 'receives' | 'waitingsince' | 'enginedeaths' | 'deadletters'>

/** As long as the image queue keeps a message. After that, an image that cannot be read fails. */
const MAX_WAITING_SECONDS = 4 * 24 * 3600

/** For how long a message has been sent again already; undefined if that is too long. */
export function waitedSecondsOf({ waitingsince }: Notes): number | undefined {
  const seconds = waitingsince === undefined ? 0 : (Date.now() - Date.parse(waitingsince)) / 1000
  return seconds > MAX_WAITING_SECONDS ? undefined : seconds
}

/** SQS's limit. */
const MAX_DELAY_SECONDS = 900

/**
 * Sends a message again as a new one, because this receive must not count against its image. The received one is done then.
 *
 * @returns false if SQS did not take it
 */
export async function sendAgain(body: string, notes: Notes, delaySeconds: number): Promise<boolean> {
  const message = { ...JSON.parse(body), ...notes } as ImageAccepted
  const DelaySeconds = Math.min(Math.max(0, Math.round(delaySeconds)), MAX_DELAY_SECONDS)
  try {
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: env.QUEUE_URL,
        MessageBody: toAsciiJson(message),
        MessageGroupId: message.data.app,
        DelaySeconds,
      }),
    )
    return true
  } catch (error) {
    logger.warn('the message could not be sent again', { error: error as Error })
    return false
  }
}

const FIRST_DELAY_SECONDS = 5

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
