import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs'
import { createSqsClient } from '../sqs/queue.ts'

export const region = 'us-east-1'

/** Creates a queue for tests: sends messages and counts them. */
export async function createTestQueue(name: string, Attributes: Record<string, string> = {}) {
  const client = createSqsClient(region)
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }))

  const send = async (...messages: (string | Partial<SendMessageBatchRequestEntry>)[]): Promise<void> => {
    const entries = messages.map((message, index) => ({
      Id: String(index),
      MessageBody: String(message),
      ...(typeof message === 'string' ? {} : message),
    }))
    for (let from = 0; from < entries.length; from += 10) {
      const Entries = entries.slice(from, from + 10)
      await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
    }
  }

  const counts = async () => {
    const { Attributes: found = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    )
    return {
      waiting: Number(found.ApproximateNumberOfMessages),
      inFlight: Number(found.ApproximateNumberOfMessagesNotVisible),
    }
  }

  return { name, send, counts }
}
