import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { ImageAccepted, ProblemError } from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { Attempt } from './attempt.ts'
import { commitFailure } from './commit.ts'
import type { ImageEngine } from './image-engine.ts'
import { logger } from './logger.ts'
import { processImage } from './process-image.ts'
import { retryLater } from './retry-later.ts'

/**
 * Consumes the image queue. Every record is on its own: developed, or failed for good with a reason that its
 * owner reads, or left to be received again later. One at a time, as one decode may need most of the memory.
 */
export function processImages(engine: ImageEngine) {
  const processor = new BatchProcessor(EventType.SQS)
  const processRecord = (record: SQSRecord) => settle(record, engine)
  return (event: SQSEvent): Promise<SQSBatchResponse> =>
    processPartialResponse(event, processRecord, processor, {
      processInParallel: false,
      throwOnFullBatchFailure: false,
    })
}

async function settle(record: SQSRecord, engine: ImageEngine): Promise<void> {
  const receiveCount = Number(record.attributes.ApproximateReceiveCount)
  let message: ImageAccepted | undefined
  try {
    message = ImageAccepted.parse(JSON.parse(record.body))
    await bringToEnd({ message, receiveCount, started: Date.now(), engine: engine.name }, engine)
  } catch (error) {
    logger.error('image not processed, to be tried again', {
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

/** Processed, or failed for good; what it throws is worth another try. */
async function bringToEnd(attempt: Attempt, engine: ImageEngine): Promise<void> {
  try {
    await processImage(attempt, engine)
  } catch (error) {
    if (!isPermanent(error)) throw error
    await commitFailure(attempt, error)
  }
}

function isPermanent(error: unknown): error is ProblemError {
  return error instanceof ProblemError && !error.retryable
}
