import { ProblemError, readS3Event } from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import pMap from 'p-map'
import { isBehind, QueueBehind } from '../backlog.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { count } from '../metrics.ts'
import { giveUp, giveUpUnread, isFinished } from './finish.ts'
import { lookAgain, watchLater } from './look-again.ts'
import { readDay, reconcileDay } from './reconcile-day.ts'

/** Each direct upload streams up to 50 MB. */
const MAX_CONCURRENT_MESSAGES = 4

/** From S3's event until an image is given up. Its message is kept for a day longer. */
const MAX_AGE_MS = 3 * 86_400_000

/**
 * Consumes S3's events of originals, direct uploads and erasures, minutes after the write: whatever is not finished by then is
 * started again, and looked at again after the same time once more. A message is done when nothing is left to do.
 */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const started = Date.now()
  const behind = isBehind()
  const unfinished = await pMap(
    Records,
    async (record) => ((await isDone(record, behind)) ? [] : [{ itemIdentifier: record.messageId }]),
    { concurrency: MAX_CONCURRENT_MESSAGES },
  )
  const batchItemFailures = unfinished.flat()
  logger.info('watched objects looked at', {
    messages: Records.length,
    unfinished: batchItemFailures.length,
    milliseconds: Date.now() - started,
  })
  return { batchItemFailures }
}

/** An error with one message does not stop the others. */
async function isDone(record: SQSRecord, behind: Promise<boolean>): Promise<boolean> {
  const ageMs = Date.now() - Number(record.attributes.SentTimestamp)
  try {
    const day = readDay(record.body)
    if (day) {
      await reconcileDay(day)
      return true
    }
    const left = await findUnfinished(record, behind)
    if (left.length > 0 && ageMs < MAX_AGE_MS) throw new StillUnfinished(left.join())
    for (const key of left) await giveUp(key, record.body)
    return true
  } catch (error) {
    const isExpected = error instanceof StillUnfinished || error instanceof QueueBehind
    if (!isExpected) {
      logger.error('watched object not looked at, will be retried', {
        messageId: record.messageId,
        error: error as Error,
      })
    }
    if (ageMs >= MAX_AGE_MS && (await isHandedOn(record.body, error))) return true
    await lookAgain(record.receiptHandle, ageMs)
    return false
  }
}

/**
 * After three days the queue will not keep the event much longer. An outage or a backlog is not the image's fault: the event is
 * sent again, and three days begin anew. After any other error it is parked. @returns false if SQS does not take it
 */
async function isHandedOn(body: string, error: unknown): Promise<boolean> {
  const isTemporary = error instanceof QueueBehind || (error instanceof ProblemError && error.retryable)
  try {
    await (isTemporary ? watchLater([body]) : giveUpUnread(body))
    return true
  } catch (failure) {
    logger.warn('watched object neither sent again nor parked', { error: failure as Error })
    return false
  }
}

class StillUnfinished extends Error {
  override name = 'StillUnfinished'
}

async function findUnfinished({ body, messageId }: SQSRecord, behind: Promise<boolean>): Promise<string[]> {
  const { objects, unreadable } = readS3Event(body, env.BUCKET)
  if (!objects) {
    logger.error('event of S3 cannot be read', { messageId, unreadable })
    count('WatchedEventsUnreadable')
    return []
  }
  const left: string[] = []
  for (const { key } of objects) if (!(await isFinished(key, behind))) left.push(key)
  return left
}
