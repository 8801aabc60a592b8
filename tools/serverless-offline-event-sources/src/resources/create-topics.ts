import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import * as z from 'zod'
import type { Resource } from '../template.ts'
import type { ResourceContext } from './resource.ts'
import { parseResource } from './resource.ts'

const TopicProperties = z.object({ TopicName: z.string() })

const SubscriptionProperties = z.object({
  TopicArn: z.string(),
  Protocol: z.string(),
  Endpoint: z.string(),
  RawMessageDelivery: z.boolean().optional(),
  FilterPolicy: z.record(z.string(), z.unknown()).optional(),
  FilterPolicyScope: z.string().optional(),
})

/**
 * Creates the topics by name, then the subscriptions of queues. The topic of a subscription can be of a service that starts
 * later, so it is created as well. Other protocols deliver nothing locally and are left out.
 */
export async function createTopics(
  topics: Resource[],
  subscriptions: Resource[],
  { region, resolve, log }: ResourceContext,
): Promise<void> {
  const client = new SNSClient({ region })
  try {
    const names: string[] = []
    for (const { Type, Properties } of topics) {
      const { TopicName } = parseResource(TopicProperties, resolve(Properties), Type)
      await client.send(new CreateTopicCommand({ Name: TopicName }))
      names.push(TopicName)
    }
    for (const { Type, Properties } of subscriptions) {
      await subscribe(client, parseResource(SubscriptionProperties, resolve(Properties), Type))
    }
    log.info(`Topics are ready: ${names.join(', ')}`)
  } finally {
    client.destroy()
  }
}

/** SNS keeps one subscription for an endpoint. */
async function subscribe(
  client: SNSClient,
  {
    TopicArn,
    Protocol,
    Endpoint,
    RawMessageDelivery,
    FilterPolicy,
    FilterPolicyScope,
  }: z.infer<typeof SubscriptionProperties>,
): Promise<void> {
  if (Protocol !== 'sqs') return
  await client.send(new CreateTopicCommand({ Name: TopicArn.slice(TopicArn.lastIndexOf(':') + 1) }))
  const Attributes: Record<string, string> = {
    ...(RawMessageDelivery !== undefined && { RawMessageDelivery: String(RawMessageDelivery) }),
    ...(FilterPolicy && { FilterPolicy: JSON.stringify(FilterPolicy) }),
    ...(FilterPolicyScope !== undefined && { FilterPolicyScope }),
  }
  await client.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }))
}
