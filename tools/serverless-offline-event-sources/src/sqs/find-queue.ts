import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { EventSourceError } from '../event-source-error.ts'

export type Queue = {
  name: string
  url: string
  arn: string
  region: string
  /** Seconds. */
  visibilityTimeout: number
  isFifo: boolean
}

export async function findQueue(client: SQSClient, name: string): Promise<Queue> {
  const url = await findUrl(client, name)
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  )
  const arn = String(Attributes.QueueArn)
  return {
    name,
    url,
    arn,
    region: String(arn.split(':')[3]),
    visibilityTimeout: Number(Attributes.VisibilityTimeout),
    isFifo: Attributes.FifoQueue === 'true',
  }
}

async function findUrl(client: SQSClient, name: string): Promise<string> {
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }))
    return String(QueueUrl)
  } catch (cause) {
    if (!(cause instanceof QueueDoesNotExist)) throw cause
    throw new EventSourceError(
      'unknown-queue',
      `Queue ${name} does not exist. Create it first, or set custom.offlineEventSources.createResources if it is one of the service's own resources.`,
      { cause },
    )
  }
}
