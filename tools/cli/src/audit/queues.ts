import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { getDocument } from '@darkroom/bucket'
import { readImageAccepted } from '@darkroom/core'
import type { AuditContext } from './audit-context.ts'
import type { Breach } from './breaches.ts'

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

/** At most this many parked messages are looked at. */
const MAX_PARKED = 1_000
const HIDDEN_SECONDS = 60

/**
 * Each parked message belongs to an image that failed. SQS has no way to read a message without receiving it, so they are
 * hidden from other receivers for a moment. The parked queue does not count receives.
 */
export async function checkParked(context: AuditContext, queues: AuditedQueues): Promise<Breach[]> {
  const messages = await peekParked(queues)
  const breaches = await Promise.all(messages.map((message) => checkMessage(context, queues, message)))
  return breaches.flat()
}

/** Up to 1,000 parked messages. */
export async function peekParked({ sqs, queueUrl }: AuditedQueues): Promise<Message[]> {
  const QueueUrl = `${queueUrl}-parked`
  const messages = new Map<string, Message>()
  while (messages.size < MAX_PARKED) {
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
  { Body = '', MessageId }: Message,
): Promise<Breach[]> {
  const key = `${queueUrl.split('/').at(-1)}-parked`
  const { message, unreadable } = readImageAccepted(Body, bucket.name)
  if (!message) return [{ class: 'orphan', key, detail: `message ${MessageId}: ${unreadable}` }]
  const { app, imageId } = message.data
  const status = (await getDocument(bucket, { app, imageId }))?.document?.status ?? 'not finished'
  if (status === 'failed') return []
  const detail = `message ${MessageId}: image ${imageId} of ${app} is ${status}`
  return [{ class: status === 'erased' ? 'not-erased' : 'contradiction', key, detail }]
}
