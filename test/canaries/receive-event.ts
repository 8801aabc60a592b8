import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'

/** The next message of the image queue, as Lambda delivers it. */
export async function receiveEvent(sqs: SQSClient): Promise<SQSEvent> {
  const receive = new ReceiveMessageCommand({
    QueueUrl: process.env.QUEUE_URL,
    WaitTimeSeconds: 20,
    MessageSystemAttributeNames: ['All'],
  })
  const [message] = (await sqs.send(receive)).Messages ?? []
  const record = {
    messageId: message?.MessageId,
    receiptHandle: message?.ReceiptHandle,
    body: message?.Body,
    attributes: message?.Attributes,
  }
  return { Records: [record] } as unknown as SQSEvent
}
