import {
  DeleteMessageCommand,
  type Message as QueueMessage,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs'
import { readImageAccepted } from '@darkroom/core'
import { sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { isRedevelopmentOpen, readOutcome } from '../queue/commit.ts'

/** A thousand messages; the rest follows at the next run. */
const MAX_RECEIVES = 100
/** Longer than a run takes, so each message is received once. Operators can receive those that stay soon afterwards. */
const VISIBILITY_SECONDS = 60

/**
 * Runs on a schedule: deletes the parked messages of images that were processed, developed again or erased later, so that they
 * do not keep the alarm standing. All others stay.
 */
export async function handler(): Promise<{ deleted: number; kept: number }> {
  const counts = { deleted: 0, kept: 0 }
  for (let receives = 0; receives < MAX_RECEIVES; receives++) {
    const messages = await receive()
    if (messages.length === 0) break
    for (const message of messages) counts[(await clear(message)) ? 'deleted' : 'kept'] += 1
  }
  if (counts.deleted > 0) logger.info('parked messages of finished images deleted', counts)
  return counts
}

async function receive(): Promise<QueueMessage[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: env.PARKED_QUEUE_URL,
    MaxNumberOfMessages: 10,
    VisibilityTimeout: VISIBILITY_SECONDS,
  })
  return (await sqs.send(command)).Messages ?? []
}

/** @returns whether the message was deleted */
async function clear({ Body = '', ReceiptHandle }: QueueMessage): Promise<boolean> {
  const { message } = readImageAccepted(Body, env.BUCKET)
  const outcome = message && (await readOutcome(message.data))
  if (outcome?.status !== 'processed' && outcome?.status !== 'erased') return false
  if (message && isRedevelopmentOpen(message.data, outcome)) return false
  await sqs.send(new DeleteMessageCommand({ QueueUrl: env.PARKED_QUEUE_URL, ReceiptHandle }))
  return true
}
