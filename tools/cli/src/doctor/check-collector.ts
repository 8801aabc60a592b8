import {
  GetSubscriptionAttributesCommand,
  paginateListSubscriptionsByTopic,
  type SNSClient,
} from '@aws-sdk/client-sns'
import { type Finding, ok, problem } from './findings.ts'

const ADVICE = 'Deploy analytics-catalog again, then: pnpm darkroom events replay'

/** Whether the collector's queue gets the events of the topic as they are: without them analysts see no new image. */
export async function checkCollector(
  sns: SNSClient,
  TopicArn: string,
  queueName: string,
): Promise<Finding[]> {
  for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic(
    { client: sns },
    { TopicArn },
  )) {
    const own = Subscriptions.find(({ Endpoint }) => Endpoint?.split(':').at(-1) === queueName)
    if (!own) continue
    const { SubscriptionArn } = own
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))
    if (Attributes?.RawMessageDelivery === 'true') return [ok(`${queueName} gets the events of the topic`)]
    return [problem(`${queueName} gets events in SNS's envelope, which cannot be read.`, ADVICE)]
  }
  return [problem(`${queueName} has no subscription to the topic: analysts see no new images.`, ADVICE)]
}
