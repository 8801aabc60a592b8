import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SourceContext } from '../event-source.ts'
import { EventSourceError } from '../event-source-error.ts'
import type { SqsMapping } from './mapping.ts'

/**
 * Endpoint and credentials come from the environment. The host in queue URLs is ignored, because a
 * local server may return one that cannot be resolved.
 */
export function createSqsClient(region: string): SQSClient {
  return new SQSClient({ region, useQueueUrlAsEndpoint: false })
}

/** arn:aws:sqs:eu-west-1:123456789012:image-queue → image-queue */
export function queueNameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1)
}

export interface Queue {
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

/**
 * Checks what AWS checks when the mapping is created.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
export function checkQueue(
  queue: Queue,
  { batchSize, batchingWindowSeconds }: SqsMapping,
  {
    functionKey,
    functionTimeoutSeconds,
    log,
  }: Pick<SourceContext, 'functionKey' | 'functionTimeoutSeconds' | 'log'>,
): void {
  if (queue.isFifo && (batchSize > 10 || batchingWindowSeconds > 0)) {
    throw new EventSourceError(
      'invalid-event',
      `The sqs event of function ${functionKey} is not valid: a FIFO queue supports a batchSize of up to 10 and no maximumBatchingWindow.`,
    )
  }
  if (queue.visibilityTimeout < functionTimeoutSeconds) {
    log.warning(
      `The visibility timeout of queue ${queue.name} (${queue.visibilityTimeout} s) is shorter than the timeout of function ${functionKey} (${functionTimeoutSeconds} s): messages become visible again while they are being processed, and AWS rejects the mapping. AWS recommends at least 6 × the function's timeout plus the batching window, ${6 * functionTimeoutSeconds + batchingWindowSeconds} s.`,
    )
  }
}
