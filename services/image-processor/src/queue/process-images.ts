import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { ProblemError, readImageAccepted, traceIdOf } from '@darkroom/core'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import type { Developer } from '../development/develop.ts'
import { EngineDeath } from '../development/engine-death.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { type Attempt, commitFailure } from './commit.ts'
import { processImage } from './process-image.ts'
import { retryLater, sendAgain, waitedSecondsOf } from './send-again.ts'
import { tidyNowAndLater } from './tidy-variants.ts'

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
  const { message, unreadable } = readImageAccepted(record.body, env.BUCKET)
  const ownReceives = Number(record.attributes.ApproximateReceiveCount)
  const receiveCount = (message?.receives ?? 0) + ownReceives
  try {
    if (!message) throw new Error(`the message cannot be read: ${unreadable}`)
    requireTime(clock)
    const attempt = { message, receiveCount, started: Date.now(), engine: developer.name }
    const done = await processOrFail(attempt, developer)
    // An earlier receive may have crashed after its commit.
    if (done || receiveCount > 1 || message.data.redevelop) await tidyNowAndLater(message.data, done)
  } catch (error) {
    logger.error('image not processed, will be retried', {
      imageId: message?.subject,
      app: message?.data.app,
      traceId: traceIdOf(message?.traceparent),
      messageId: record.messageId,
      receiveCount,
      error: error as Error,
    })
    if (message && (await continueAsNew(record.body, message, receiveCount, error))) return
    await retryLater(record.receiptHandle, ownReceives)
    throw error
  }
}

/** If a function runs out of time, the rest of its batch is retried only after the queue's visibility timeout. */
class TooLittleTime extends Error {
  override name = 'TooLittleTime'
}

function requireTime(clock: Clock): void {
  if (clock.getRemainingTimeInMillis() < MIN_REMAINING_SECONDS * 1000) {
    throw new TooLittleTime('too little time left for this image in the batch')
  }
}

/** Whatever it throws is temporary, and the message is retried. @returns what `processImage` does */
async function processOrFail(attempt: Attempt, developer: Developer): Promise<string[] | undefined> {
  try {
    return await processImage(attempt, developer)
  } catch (error) {
    const problem = problemOf(error, attempt.message)
    if (!problem) throw error
    await commitFailure(attempt, problem)
    return []
  }
}

/** From so many deaths of the engine's process on, in separate receives, the image is at fault. */
const MAX_ENGINE_DEATHS = 2

/** The reason if the image is at fault. */
function problemOf(error: unknown, { enginedeaths = 0 }: Message): ProblemError | undefined {
  if (error instanceof EngineDeath && enginedeaths + 1 >= MAX_ENGINE_DEATHS) return error.problem
  return error instanceof ProblemError && !error.retryable ? error : undefined
}

type Message = Attempt['message']

const FIRST_WAIT_SECONDS = 5

/**
 * After an error that does not count against the image, its message is sent again as a new one: after five receives a
 * message is given up. @returns whether it was sent
 */
async function continueAsNew(
  body: string,
  message: Message,
  receives: number,
  error: unknown,
): Promise<boolean> {
  if (error instanceof TooLittleTime) return sendAgain(body, { receives }, 0)
  if (error instanceof EngineDeath) {
    const enginedeaths = (message.enginedeaths ?? 0) + 1
    return sendAgain(body, { receives, enginedeaths }, FIRST_WAIT_SECONDS)
  }
  if (!(error instanceof ProblemError) || error.slug !== 'storage-unavailable') return false
  const { waitingsince = new Date().toISOString() } = message
  const waitedSeconds = waitedSecondsOf(message)
  if (waitedSeconds === undefined) return false
  // As long again as it has waited already.
  return sendAgain(body, { receives, waitingsince }, Math.max(FIRST_WAIT_SECONDS, waitedSeconds))
}
