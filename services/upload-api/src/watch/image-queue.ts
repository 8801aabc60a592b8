import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { sqs } from '../clients.ts'
import { imageQueue } from '../intake.ts'
import { logger } from '../logger.ts'

/** Below this, the processor is at most seconds behind. */
const MAX_WAITING_MESSAGES = 100
/** More than the processor has in work at once: the others wait for their next receive after an error. */
const MAX_RECEIVED_MESSAGES = 1000

/** Whether images wait for the processor. Then a missing document does not mean that a message was lost. */
export async function isBehind(): Promise<boolean> {
  try {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: imageQueue.queueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    )
    return (
      Number(Attributes.ApproximateNumberOfMessages) > MAX_WAITING_MESSAGES ||
      Number(Attributes.ApproximateNumberOfMessagesNotVisible) > MAX_RECEIVED_MESSAGES
    )
  } catch (error) {
    logger.warn('the image queue does not answer', { error: error as Error })
    return true
  }
}
