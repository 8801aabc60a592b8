import type { Message } from '@aws-sdk/client-sqs'
import { getDocument, getText } from '@darkroom/bucket'
import {
  findOwner,
  type ImageRef,
  parseMetadataKey,
  readImageAccepted,
  readRefusal,
  readS3Event,
} from '@darkroom/core'
import { batchesOf } from '@darkroom/kafka-bridge/undelivered-batch'
import { type AuditContext, isSettled } from './audit-context.ts'
import type { Breach } from './breaches.ts'
import { statusOf } from './check-others.ts'
import { type AuditedQueues, peek, RECEIVED, type ReceivedQueue, urlOf } from './queues.ts'

/** What is wrong with a message. */
type Check = (context: AuditContext, message: Message) => Promise<Omit<Breach, 'key'>[]>

const CHECKS: Record<ReceivedQueue, Check> = {
  // They are about to be settled, whatever the image is.
  'images-dead-letters': async (context, message) => {
    const { image, unreadable } = imageOf(context, message)
    if (!image) return orphan(message, unreadable)
    return (await statusOf(context.bucket, image)) === 'none'
      ? orphan(message, `${image.imageId} of ${image.app} is not stored`)
      : []
  },
  'images-parked': checkParked,
  'outcomes-dead-letters': async ({ bucket }, message) => {
    if (readRefusal(message.Body ?? '').refusal) return []
    const { objects, unreadable } = readS3Event(message.Body ?? '', bucket.name)
    if (!objects) return orphan(message, unreadable)
    const found = await Promise.all(
      objects.map(async ({ key }) => {
        const image = parseMetadataKey(key)
        return image && (await getDocument(bucket, image)) ? [] : orphan(message, `${key} is not stored`)
      }),
    )
    return found.flat()
  },
  undelivered: async (context, message) => {
    const { undelivered } = context
    const keys = keysOf(message)
    if (!keys) return orphan(message, 'it is no event of S3')
    // The function deletes the batch and then the message.
    if (!undelivered || !isSettled(context, sentAt(message))) return []
    const found = await Promise.all(
      keys.map(async (key) => {
        return (await getText(undelivered, key)) ? [] : orphan(message, `${key} is not stored`)
      }),
    )
    return found.flat()
  },
}

/** Checks up to 1,000 messages of each queue that the audit receives messages from. */
export async function checkMessages(context: AuditContext, queues: AuditedQueues): Promise<Breach[]> {
  const breaches = await Promise.all(
    RECEIVED.map(async (name) => {
      const key = urlOf(queues, name)?.split('/').at(-1) ?? name
      const messages = (await peek(queues, name)) ?? []
      const found = await Promise.all(messages.map((message) => CHECKS[name](context, message)))
      return found.flat().map((breach) => ({ ...breach, key }))
    }),
  )
  return breaches.flat()
}

/** A parked message belongs to an image that failed, or is an event of the watch queue whose image never ended. */
async function checkParked(context: AuditContext, message: Message): Promise<Omit<Breach, 'key'>[]> {
  const { image, isEvent, unreadable } = imageOf(context, message)
  if (!image) return orphan(message, unreadable)
  const status = await statusOf(context.bucket, image)
  const detail = `message ${message.MessageId}: image ${image.imageId} of ${image.app} is ${status}`
  if (status === 'none') return orphan(message, `${image.imageId} of ${image.app} is not stored`)
  if (status === 'failed' || (isEvent && status !== 'processed')) return []
  return [{ class: status === 'erased' ? 'not-erased' : 'contradiction', detail }]
}

interface ReadMessage {
  image?: ImageRef | undefined
  /** It is S3's event of an object of the image, which the watch queue has given up. */
  isEvent?: boolean
  unreadable?: string | undefined
}

/** The image of a message in the image queue, its dead letters or the parked queue. */
export function imageOf({ bucket }: Pick<AuditContext, 'bucket'>, { Body = '' }: Message): ReadMessage {
  const { message, unreadable } = readImageAccepted(Body, bucket.name)
  if (message) return { image: { app: message.data.app, imageId: message.data.imageId } }
  const [written] = readS3Event(Body, bucket.name).objects ?? []
  const { app, imageId } = (written && findOwner(written.key)) ?? {}
  if (app === undefined || imageId === undefined) return { unreadable }
  return { image: { app, imageId }, isEvent: true }
}

function keysOf({ Body = '' }: Message): string[] | undefined {
  try {
    return batchesOf(Body)
  } catch {
    return undefined
  }
}

function sentAt({ Attributes }: Message): Date {
  return new Date(Number(Attributes?.SentTimestamp ?? 0))
}

function orphan({ MessageId }: Message, why = 'it cannot be read'): Omit<Breach, 'key'>[] {
  return [{ class: 'orphan', detail: `message ${MessageId}: ${why}` }]
}
