import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { until } from './until.ts'

const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const

export type ImageQueue = ReturnType<typeof openImageQueue>

export function openImageQueue(endpoint: string, QueueUrl: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials })
  return {
    /** Resolves when no message is waiting or in flight. */
    empty: () =>
      until(async () => {
        const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] })
        const { Attributes } = await sqs.send(command)
        return COUNTS.every((name) => Attributes?.[name] === '0')
      }),

    /** Sets how long a received message stays invisible. */
    setVisibilityTimeout: async (seconds: number): Promise<void> => {
      const Attributes = { VisibilityTimeout: String(seconds) }
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
    },
  }
}
