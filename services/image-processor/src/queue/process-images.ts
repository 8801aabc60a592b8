import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { ProblemError, readImageAccepted } from '@darkroom/core'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { Developer } from '../development/develop.ts'
import { logger } from '../logger.ts'
import type { Attempt } from './attempt.ts'
import { commitFailure } from './commit.ts'
import { processImage } from './process-image.ts'
import { retryLater } from './retry-later.ts'

/**
 * How long developing one image may take. The largest that are accepted take about five seconds on a whole core. A batch of
 * four images that all take this long still fits into the function's sixty seconds, except for the last one.
 */
export const SECONDS_TO_DEVELOP = 15

/** How much of the function's time must be left to start an image: that, and what S3 takes before and after. */
const SECONDS_TO_BEGIN = SECONDS_TO_DEVELOP + 5

/** What is used of Lambda's context. */
export type Clock = Pick<Context, 'getRemainingTimeInMillis'>

/**
 * Consumes the image queue. Every record is on its own: developed, or failed for good with a reason that its
 * owner reads, or left to be received again later. One at a time, as one decode may need most of the memory.
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
  const { message, unreadable } = readImageAccepted(record.body)
  try {
    if (!message) throw new Error(`the message cannot be read: ${unreadable}`)
    requireTime(clock)
    await bringToEnd({ message, receiveCount, started: Date.now(), engine: developer.name }, developer)
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

/** A function that runs out of time is killed, and all that is left of its batch waits for the queue's own timeout. */
function requireTime(clock: Clock): void {
  if (clock.getRemainingTimeInMillis() < SECONDS_TO_BEGIN * 1000) {
    throw new Error('the images before it in its batch took too long')
  }
}

/** Processed, or failed for good; what it throws is worth another try. */
async function bringToEnd(attempt: Attempt, developer: Developer): Promise<void> {
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
