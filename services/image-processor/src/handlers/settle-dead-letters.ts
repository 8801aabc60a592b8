import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { findOriginal, hasHash } from '@darkroom/bucket'
import { type ImageRef, ProblemError, readImageAccepted } from '@darkroom/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { bucket, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { type Attempt, commitFailure, readOutcome } from '../queue/commit.ts'
import { tidyVariants } from '../queue/tidy-variants.ts'

const processor = new BatchProcessor(EventType.SQS)

/**
 * Consumes the dead-letter queue: commits each image that was tried too often as failed, so that its owner does not wait
 * for it, and parks the message. An operator can send it back to the image queue, and the image can still be processed.
 * If the image was processed meanwhile, the message is dropped.
 */
export const handler = (event: SQSEvent): Promise<SQSBatchResponse> =>
  processPartialResponse(event, settle, processor, { throwOnFullBatchFailure: false })

async function settle(record: SQSRecord): Promise<void> {
  const { message, unreadable } = readImageAccepted(record.body, env.BUCKET)
  if (!message) {
    // Its image is unknown, so it is only parked.
    logger.error('dead letter cannot be read', { messageId: record.messageId, unreadable })
  } else {
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
    const isFailed = (await readOutcome(message.data))?.status === 'failed'
    const failed = isFailed || (await commitFailure(attempt, problem))
    await tidyVariants(message.data)
    if (!failed) return
  }
  await sqs.send(new SendMessageCommand({ QueueUrl: env.PARKED_QUEUE_URL, MessageBody: record.body }))
}

async function findFacts(image: ImageRef): Promise<Pick<Attempt, 'original'>> {
  const original = await findOriginal(bucket, image)
  return original && hasHash(original) ? { original: { bytes: original.bytes, sha256: original.sha256 } } : {}
}
