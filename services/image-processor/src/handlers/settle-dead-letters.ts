import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { findOriginal, hasHash } from '@darkroom/bucket'
import { type ImageRef, ProblemError, readImageAccepted } from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { bucket, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import {
  type Attempt,
  commitFailure,
  isRedevelopmentOpen,
  readOutcome,
  reportNotRedeveloped,
} from '../queue/commit.ts'
import { sendAgain, waitedSecondsOf } from '../queue/send-again.ts'
import { tidyNowAndLater } from '../queue/tidy-variants.ts'

const processor = new BatchProcessor(EventType.SQS)

/**
 * Consumes the dead-letter queue. A message that became one because S3 and SQS did not answer its receives goes back to the
 * image queue. Otherwise the image was tried too often: it is committed as failed, so that its owner does not wait for it, and the
 * message is parked. An operator can send it back to the image queue, and the image can still be processed. If the image was
 * processed meanwhile, the message is dropped, unless it asks for another development: then it is parked too.
 */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  processPartialResponse(event, settle, processor, { throwOnFullBatchFailure: false })

async function settle(record: SQSRecord): Promise<void> {
  const { message, unreadable } = readImageAccepted(record.body, env.BUCKET)
  if (!message) {
    // Its image is unknown, so it is only parked.
    logger.error('dead letter cannot be read', { messageId: record.messageId, unreadable })
  } else {
    const outcome = await readOutcome(message.data)
    const isOpen = outcome && isRedevelopmentOpen(message.data, outcome)
    if ((!outcome || isOpen) && mayBeAnOutage(message, record)) return sendBack(message, record)
    const problem = new ProblemError(
      'retries-exhausted',
      'Processing failed several times. The image is kept, and an operator can retry it.',
    )
    const attempt = {
      message,
      receiveCount: Number(record.attributes.ApproximateReceiveCount),
      started: Date.now(),
      ...(await findFacts(message.data)),
    }
    // Another delivery of the message may have found out what is wrong with the image.
    const isFailed = outcome?.status === 'failed'
    if (isOpen) reportNotRedeveloped(message, { failure: problem.slug })
    const isToPark = isOpen || isFailed || (await commitFailure(attempt, problem))
    await tidyNowAndLater(message.data)
    if (!isToPark) return
  }
  await sqs.send(new SendMessageCommand({ QueueUrl: env.PARKED_QUEUE_URL, MessageBody: record.body }))
}

/**
 * Receives that could reach neither S3 nor SQS left no trace, so the first time an outage is assumed. After that it needs evidence:
 * that this function could not do its work at once either. Nothing is sent back for longer than the queue keeps messages.
 */
function mayBeAnOutage(message: Attempt['message'], { attributes }: SQSRecord): boolean {
  if (waitedSecondsOf(message) === undefined) return false
  return message.deadletters === undefined || Number(attributes.ApproximateReceiveCount) > 1
}

const WAIT_SECONDS = 60

async function sendBack(message: Attempt['message'], record: SQSRecord): Promise<void> {
  const { body, messageId, attributes } = record
  const { deadletters = 0, waitingsince = new Date().toISOString() } = message
  // Its earlier receives may have written variants, so the next one deletes what is not in the document.
  const receives = (message.receives ?? 0) + Number(attributes.ApproximateReceiveCount)
  const notes = { receives, deadletters: deadletters + 1, waitingsince }
  if (!(await sendAgain(body, notes, deadletters * WAIT_SECONDS)))
    throw new Error('SQS did not take the message')
  const { app, imageId } = message.data
  logger.warn('dead letter sent again', { app, imageId, messageId, deadletters: notes.deadletters })
}

async function findFacts(image: ImageRef): Promise<Pick<Attempt, 'original'>> {
  const original = await findOriginal(bucket, image)
  return original && hasHash(original) ? { original: { bytes: original.bytes, sha256: original.sha256 } } : {}
}
