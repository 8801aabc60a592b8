import { randomUUID } from 'node:crypto'
import { SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns'
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { StoreWithQueue } from '../open-store.ts'

/** The URL of the queue that S3 sends its events of documents to. Its name is that of the image queue, with another end. */
export function outcomesQueueUrl({ queueUrl }: Pick<StoreWithQueue, 'queueUrl'>): string {
  if (!queueUrl.endsWith('-images')) {
    throw new Error(`${queueUrl} is not an image queue of Darkroom: its name must end with -images.`)
  }
  return queueUrl.replace(/images$/, 'outcomes')
}

async function arnOf(sqs: SQSClient, QueueUrl: string): Promise<string> {
  const AttributeNames = ['QueueArn' as const]
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
  return String(Attributes?.QueueArn)
}

/** Values of message attributes; an event must have one of each. */
export type EventFilter = Record<string, string[]>

/** A queue of its own that is subscribed to the events topic of a store. */
export interface Subscription {
  topicArn: string
  /** The bodies of the next events; none if there was none for some seconds. They are deleted. */
  receive(signal: AbortSignal): Promise<string[]>
  /** Deletes subscription and queue. */
  end(): Promise<void>
}

export async function subscribe(store: StoreWithQueue, filter: EventFilter): Promise<Subscription> {
  const { sqs, settings } = store
  const [partition, , region, account, imageQueue = ''] = (await arnOf(sqs, store.queueUrl))
    .split(':')
    .slice(1)
  const topicArn = `arn:${partition}:sns:${region}:${account}:${imageQueue.replace(/images$/, 'events')}`
  const { queueUrl, queueArn } = await createQueue(sqs, imageQueue, topicArn)
  const sns = new SNSClient(settings ?? {})
  const end = async (subscriptionArn?: string) => {
    if (subscriptionArn) await sns.send(new UnsubscribeCommand({ SubscriptionArn: subscriptionArn }))
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }))
    sns.destroy()
  }
  try {
    const FilterPolicy = Object.keys(filter).length > 0 ? { FilterPolicy: JSON.stringify(filter) } : {}
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint: queueArn,
        Attributes: { RawMessageDelivery: 'true', ...FilterPolicy },
        ReturnSubscriptionArn: true,
      }),
    )
    return { topicArn, receive: (signal) => receive(sqs, queueUrl, signal), end: () => end(SubscriptionArn) }
  } catch (error) {
    await end()
    throw error
  }
}

async function createQueue(sqs: SQSClient, imageQueue: string, topicArn: string) {
  const QueueName = `${imageQueue.replace(/images$/, 'events-tail')}-${randomUUID().slice(0, 8)}`
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
    Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
  }
  const Attributes = {
    MessageRetentionPeriod: '3600',
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: [Statement] }),
  }
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
  return { queueUrl, queueArn: await arnOf(sqs, queueUrl) }
}

async function receive(sqs: SQSClient, QueueUrl: string, abortSignal: AbortSignal): Promise<string[]> {
  const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 })
  const { Messages = [] } = await sqs.send(command, { abortSignal })
  if (Messages.length === 0) return []
  const Entries = Messages.map(({ ReceiptHandle }: Message, n) => ({ Id: String(n), ReceiptHandle }))
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
  return Messages.map(({ Body = '' }) => Body)
}
