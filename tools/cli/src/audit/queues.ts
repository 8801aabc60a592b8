import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { readImageAccepted } from '@darkroom/core'
import type { AuditContext } from './audit-context.ts'
import type { Breach } from './breaches.ts'
import { statusOf } from './check-others.ts'

/** The queues of a deployment, by the suffix of their names. */
export const QUEUES = ['', '-dead-letters', '-parked'] as const
type QueueSuffix = (typeof QUEUES)[number]

/** The queues of an audited store. */
export interface AuditedQueues {
  sqs: SQSClient
  /** Of the image queue. */
  queueUrl: string
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const

/** How many messages a queue has, by SQS's own estimate: waiting, being processed, and delayed. */
export async function countMessages(queues: AuditedQueues, suffix: QueueSuffix): Promise<number> {
  const QueueUrl = queues.queueUrl + suffix
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] })
  const { Attributes = {} } = await queues.sqs.send(command)
  return COUNTS.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0)
}

/** Messages that are still on their way to a result. */
export async function countOnTheWay(queues: AuditedQueues): Promise<number> {
  return (await countMessages(queues, '')) + (await countMessages(queues, '-dead-letters'))
}

/** At most this many messages of a queue are looked at. */
const MAX_PEEKED = 1_000
const HIDDEN_SECONDS = 60

/** Each parked message belongs to an image that failed, each dead letter to one that is stored. */
export async function checkMessages(context: AuditContext, queues: AuditedQueues): Promise<Breach[]> {
  const breaches: Breach[] = []
  for (const suffix of ['-dead-letters', '-parked'] as const) {
    const messages = await peek(queues, suffix)
    const checked = await Promise.all(
      messages.map((message) => checkMessage(context, queues, suffix, message)),
    )
    breaches.push(...checked.flat())
  }
  return breaches
}

/**
 * Up to 1,000 messages. SQS has no way to read a message without receiving it, so they are hidden from other receivers for a
 * moment. In the image queue a receive would count against the image; the other queues allow a thousand or do not count.
 */
export async function peek(
  { sqs, queueUrl }: AuditedQueues,
  suffix: Exclude<QueueSuffix, ''>,
): Promise<Message[]> {
  const QueueUrl = queueUrl + suffix
  const messages = new Map<string, Message>()
  while (messages.size < MAX_PEEKED) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: HIDDEN_SECONDS,
        // Asks all of SQS's servers.
        WaitTimeSeconds: 1,
      }),
    )
    if (Messages.length === 0) break
    for (const message of Messages) messages.set(message.MessageId ?? '', message)
  }
  await showAgain(sqs, QueueUrl, [...messages.values()])
  return [...messages.values()]
}

async function showAgain(sqs: SQSClient, QueueUrl: string, messages: Message[]): Promise<void> {
  for (let from = 0; from < messages.length; from += 10) {
    const Entries = messages.slice(from, from + 10).map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }))
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }))
  }
}

async function checkMessage(
  { bucket }: AuditContext,
  { queueUrl }: AuditedQueues,
  suffix: QueueSuffix,
  { Body = '', MessageId }: Message,
): Promise<Breach[]> {
  const key = `${queueUrl.split('/').at(-1)}${suffix}`
  const { message, unreadable } = readImageAccepted(Body, bucket.name)
  if (!message) return [{ class: 'orphan', key, detail: `message ${MessageId}: ${unreadable}` }]
  const { app, imageId } = message.data
  const status = await statusOf(bucket, { app, imageId })
  const stored = status === 'none' ? 'not stored' : status
  const detail = `message ${MessageId}: image ${imageId} of ${app} is ${stored}`
  if (status === 'none') return [{ class: 'orphan', key, detail }]
  // Dead letters are about to be settled, whatever the image is.
  if (suffix !== '-parked' || status === 'failed') return []
  return [{ class: status === 'erased' ? 'not-erased' : 'contradiction', key, detail }]
}
