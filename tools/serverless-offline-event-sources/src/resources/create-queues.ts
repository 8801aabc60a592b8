import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import * as z from 'zod'
import { EventSourceError } from '../event-source-error.ts'
import { createSqsClient, queueNameOf } from '../sqs/queue.ts'
import type { Resource } from '../template.ts'
import type { ResourceContext } from './resource.ts'
import { parseResource } from './resource.ts'

/**
 * Creates all queues first, then the policies that refer to other queues. So their order in the template
 * does not matter, and they may refer to each other.
 */
export async function createQueues(
  resources: Resource[],
  { region, resolve, log }: ResourceContext,
): Promise<void> {
  const client = createSqsClient(region)
  try {
    const queues = resources.map(({ Properties }) => toQueueDefinition(resolve(Properties)))
    const urls = new Map<string, string>()
    for (const queue of queues) urls.set(queue.name, await createOrUpdate(client, queue))
    for (const queue of queues) await setPolicies(client, queue, String(urls.get(queue.name)))
    log.info(`Queues are ready: ${[...urls.keys()].join(', ')}`)
  } finally {
    client.destroy()
  }
}

async function createOrUpdate(client: SQSClient, queue: QueueDefinition): Promise<string> {
  const existing = await findUrl(client, queue.name)
  if (existing === undefined) {
    const Attributes = { ...queue.attributes, ...queue.fixedAttributes }
    const created = await client.send(new CreateQueueCommand({ QueueName: queue.name, Attributes }))
    return String(created.QueueUrl)
  }
  await setAttributes(client, existing, queue.attributes)
  return existing
}

async function setPolicies(client: SQSClient, queue: QueueDefinition, url: string): Promise<void> {
  const { redrivePolicy, policies } = queue
  if (!redrivePolicy) return setAttributes(client, url, policies)
  const deadLetterTargetArn = await findArn(client, redrivePolicy.deadLetterQueueName, queue.name)
  const RedrivePolicy = JSON.stringify({ ...redrivePolicy.policy, deadLetterTargetArn })
  await setAttributes(client, url, { ...policies, RedrivePolicy })
}

async function setAttributes(
  client: SQSClient,
  url: string,
  attributes: Record<string, string>,
): Promise<void> {
  if (Object.keys(attributes).length === 0) return
  await client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes }))
}

/** Asks the server for the ARN, because a local server may use any account id. */
async function findArn(client: SQSClient, name: string, sourceQueue: string): Promise<string> {
  const url = await findUrl(client, name)
  if (url === undefined) {
    throw new EventSourceError(
      'unknown-queue',
      `Queue ${sourceQueue} refers to a dead-letter queue ${name} that does not exist.`,
    )
  }
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  )
  return String(Attributes?.QueueArn)
}

async function findUrl(client: SQSClient, name: string): Promise<string | undefined> {
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }))
    return QueueUrl
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined
    throw error
  }
}

const attribute = z.union([z.string(), z.number(), z.boolean()]).transform(String).optional()
const policy = z.record(z.string(), z.unknown()).optional()

/**
 * The properties of an `AWS::SQS::Queue` that matter locally. Encryption, access policy and tags
 * are ignored.
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

interface QueueDefinition {
  name: string
  attributes: Record<string, string>
  /** Attributes that can only be set on creation. */
  fixedAttributes: Record<string, string>
  policies: Record<string, string>
  redrivePolicy: { deadLetterQueueName: string; policy: object } | undefined
}

function toQueueDefinition(properties: unknown): QueueDefinition {
  const { QueueName, FifoQueue, RedrivePolicy, RedriveAllowPolicy, ...attributes } = parseResource(
    QueueProperties,
    properties,
    'AWS::SQS::Queue',
  )
  return {
    name: QueueName,
    attributes: withoutUnset(attributes),
    // AWS rejects an explicit "false".
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
