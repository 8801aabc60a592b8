import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { EventSourceError } from '../event-source-error.ts'
import { createSqsClient } from '../sqs/sqs-client.ts'
import type { Resource } from '../template/template.ts'
import { type QueueDefinition, toQueueDefinition } from './queue-definition.ts'
import type { ResourceContext } from './resource-context.ts'

/**
 * All queues first, then the policies that point from one to another: their order in the template
 * does not matter then, nor whether they point in a circle.
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
    log.info(`Queues in place: ${[...urls.keys()].join(', ')}`)
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

/** The server's own ARN: a local one may put its queues into whatever account it likes. */
async function findArn(client: SQSClient, name: string, pointedFrom: string): Promise<string> {
  const url = await findUrl(client, name)
  if (url === undefined) {
    throw new EventSourceError('unknown-queue', `Queue ${pointedFrom} has no dead-letter queue ${name}.`)
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
