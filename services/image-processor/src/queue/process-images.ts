import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { ProblemError, readImageAccepted } from '@darkroom/core'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { Developer } from '../development/develop.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { type Attempt, commitFailure } from './commit.ts'
import { processImage } from './process-image.ts'
import { retryLater } from './retry-later.ts'

/**
 * The time limit for developing one image. The largest accepted images take about five seconds on a full core. Three images
 * that take this long fit into the function's sixty seconds; a fourth goes back to the queue.
 */
export const MAX_DEVELOP_SECONDS = 15

/** The time that must be left to start an image, with five seconds for S3 before and after. */
const MIN_REMAINING_SECONDS = MAX_DEVELOP_SECONDS + 5

/** The part of Lambda's context that is used. */
export type Clock = Pick<Context, 'getRemainingTimeInMillis'>

/**
 * Consumes the image queue. Each record is independent: its image is developed, or fails permanently with a reason for its
 * owner, or the message is retried later. Images are processed one at a time, because one decode can need most of the
 * memory.
 */
export function processImages(developer: Developer) {
  return (event: SQSEvent, clock: Clock): Promise<SQSBatchResponse> => {
    const processRecord = (record: SQSRecord) => settle(record, developer, clock)
    return processPartialResponse(event, processRecord, new BatchProcessor(EventType.SQS), {
      processInParallel: false,
      throwOnFullBatchFailure: false,
    })
  }
}

async function settle(record: SQSRecord, developer: Developer, clock: Clock): Promise<void> {
  const receiveCount = Number(record.attributes.ApproximateReceiveCount)
  const { message, unreadable } = readImageAccepted(record.body, env.BUCKET)
  try {
    if (!message) throw new Error(`the message cannot be read: ${unreadable}`)
    requireTime(clock)
    await processOrFail({ message, receiveCount, started: Date.now(), engine: developer.name }, developer)
  } catch (error) {
    logger.error('image not processed, will be retried', {
      imageId: message?.subject,
      app: message?.data.app,
      messageId: record.messageId,
      receiveCount,
      error: error as Error,
    })
    await retryLater(record.receiptHandle, receiveCount)
    throw error
  }
}

/** If a function runs out of time, the rest of its batch is retried only after the queue's visibility timeout. */
function requireTime(clock: Clock): void {
  if (clock.getRemainingTimeInMillis() < MIN_REMAINING_SECONDS * 1000) {
    throw new Error('too little time left for this image in the batch')
  }
}

/** Whatever it throws is temporary, and the message is retried. */
async function processOrFail(attempt: Attempt, developer: Developer): Promise<void> {
  try {
    await processImage(attempt, developer)
  } catch (error) {
    if (!isPermanent(error)) throw error
    await commitFailure(attempt, error)
  }
}

function isPermanent(error: unknown): error is ProblemError {
  return error instanceof ProblemError && !error.retryable
}
