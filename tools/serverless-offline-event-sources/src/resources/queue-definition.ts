import { z } from 'zod'
import { queueNameOf } from '../sqs/queue-name.ts'
import { parseResource } from './parse-resource.ts'

const attribute = z.union([z.string(), z.number(), z.boolean()]).transform(String).optional()
const policy = z.record(z.string(), z.unknown()).optional()

/**
 * The Properties of an `AWS::SQS::Queue` that change what a queue does; its encryption, access
 * policy and tags do not, locally.
 */
const QueueProperties = z.object({
  QueueName: z.string(),
  VisibilityTimeout: attribute,
  DelaySeconds: attribute,
  MaximumMessageSize: attribute,
  MessageRetentionPeriod: attribute,
  ReceiveMessageWaitTimeSeconds: attribute,
  FifoQueue: attribute,
  ContentBasedDeduplication: attribute,
  DeduplicationScope: attribute,
  FifoThroughputLimit: attribute,
  RedrivePolicy: z
    .looseObject({
      deadLetterTargetArn: z.string(),
      maxReceiveCount: z.coerce.number().int(),
    })
    .optional(),
  RedriveAllowPolicy: policy,
})

export type QueueDefinition = {
  name: string
  attributes: Record<string, string>
  /** Those that only creation can set. */
  fixedAttributes: Record<string, string>
  policies: Record<string, string>
  redrivePolicy: { deadLetterQueueName: string; policy: object } | undefined
}

export function toQueueDefinition(properties: unknown): QueueDefinition {
  const { QueueName, FifoQueue, RedrivePolicy, RedriveAllowPolicy, ...attributes } = parseResource(
    QueueProperties,
    properties,
    'AWS::SQS::Queue',
  )
  return {
    name: QueueName,
    attributes: withoutUnset(attributes),
    // AWS refuses an explicit "false".
    fixedAttributes: FifoQueue === 'true' ? { FifoQueue } : {},
    policies: RedriveAllowPolicy ? { RedriveAllowPolicy: JSON.stringify(RedriveAllowPolicy) } : {},
    redrivePolicy: RedrivePolicy && {
      deadLetterQueueName: queueNameOf(RedrivePolicy.deadLetterTargetArn),
      policy: RedrivePolicy,
    },
  }
}

function withoutUnset(attributes: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
