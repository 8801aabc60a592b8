import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { getDocument } from '@darkroom/bucket'
import { type ImageRef, readImageAccepted } from '@darkroom/core'
import { peek } from './audit/queues.ts'
import type { StoreWithQueue } from './open-store.ts'

/** A queue of messages that were received too often: `dead-letters` is emptied by a function, `parked` by operators. */
type DeadQueue = 'dead-letters' | 'parked'

export interface DeadLetter {
  queue: DeadQueue
  messageId: string
  body: string
  /** Undefined if the message cannot be read; `slug` is `unreadable` then. */
  image: ImageRef | undefined
  /** The slug of the failure in the image's document, or the document's status if it has not failed. */
  slug: string
  detail: string | undefined
}

/** Which dead letters a command is about. Each condition that is set must hold. */
export interface DeadLetterFilter {
  app?: string | undefined
  slug?: string | undefined
  id?: string | undefined
}

/** Up to 1,000 messages of each queue, which stay where they are. */
export async function listDeadLetters(
  store: StoreWithQueue,
  filter: DeadLetterFilter,
): Promise<DeadLetter[]> {
  const found: DeadLetter[] = []
  for (const queue of ['dead-letters', 'parked'] as const) {
    for (const message of (await peek(store, `images-${queue}`)) ?? []) {
      const letter = await toDeadLetter(store, queue, message)
      if (matches(letter, filter)) found.push(letter)
    }
  }
  return found
}

async function toDeadLetter(
  store: StoreWithQueue,
  queue: DeadQueue,
  { MessageId: messageId = '', Body: body = '' }: Message,
): Promise<DeadLetter> {
  const { message, unreadable } = readImageAccepted(body, store.bucket.name)
  if (!message) return { queue, messageId, body, image: undefined, slug: 'unreadable', detail: unreadable }
  const { app, imageId } = message.data
  const image = { app, imageId }
  const found = await getDocument(store.bucket, image)
  const failed = found?.document?.status === 'failed' ? found.document : undefined
  const status = found ? (found.document?.status ?? 'unreadable-document') : 'queued'
  const slug = failed?.failure_type ?? status
  return { queue, messageId, body, image, slug, detail: failed?.failure_detail }
}

function matches({ image, messageId, slug }: DeadLetter, filter: DeadLetterFilter): boolean {
  return (
    (filter.app === undefined || image?.app === filter.app) &&
    (filter.slug === undefined || slug === filter.slug) &&
    (filter.id === undefined || [image?.imageId, messageId].includes(filter.id))
  )
}

/** Long enough for thousands of messages at the default rate. If the command is interrupted, they return by themselves. */
const HIDDEN_SECONDS = 6000

/**
 * Sends the parked messages of images that match to the image queue, and resolves to their number. Each is deleted afterwards, so
 * an interruption leaves it in both queues: a repeated message changes nothing. The others can be received again at the end.
 */
export async function redriveParked(
  store: StoreWithQueue,
  filter: DeadLetterFilter,
  beforeEach: (letter: DeadLetter) => Promise<void>,
): Promise<number> {
  const { sqs, queueUrl } = store
  const QueueUrl = `${queueUrl}-parked`
  const kept: Message[] = []
  let sent = 0
  try {
    for await (const message of receiveAll(store, QueueUrl)) {
      const letter = await toDeadLetter(store, 'parked', message)
      if (!letter.image || !matches(letter, filter)) {
        kept.push(message)
        continue
      }
      await beforeEach(letter)
      const again = { QueueUrl: queueUrl, MessageBody: letter.body, MessageGroupId: letter.image.app }
      await sqs.send(new SendMessageCommand(again))
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }))
      sent++
    }
  } finally {
    for (const { ReceiptHandle } of kept)
      await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }))
  }
  return sent
}

async function* receiveAll({ sqs, waitSeconds }: StoreWithQueue, QueueUrl: string): AsyncGenerator<Message> {
  while (true) {
    const receive = {
      MaxNumberOfMessages: 10,
      VisibilityTimeout: HIDDEN_SECONDS,
      WaitTimeSeconds: waitSeconds,
    }
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...receive }))
    if (Messages.length === 0) return
    yield* Messages
  }
}
