import { ProblemError } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import type { MSKEvent, MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import { s3, sqs } from './clients.ts'
import { env } from './env.ts'
import { logger } from './logger.ts'
import { readRecord } from './read-record.ts'
import { rejectRecord } from './reject-record.ts'

const acceptImage = createIntake({
  s3,
  sqs,
  bucket: env.BUCKET,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/kafka-bridge',
})

/**
 * Consumes a topic of images. Each partition's records are taken in order; one that cannot be taken is kept
 * under `rejected/` and holds nothing up. If S3 or SQS do not answer, the whole batch is thrown back and comes
 * again: what had been accepted is then met again under the same ids.
 */
export async function handler({ records }: MSKEvent | SelfManagedKafkaEvent): Promise<void> {
  const outcomes = await Promise.allSettled(Object.values(records).map(bridgePartition))
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
}

async function bridgePartition(records: MSKRecord[]): Promise<void> {
  for (const record of records) await bridge(record)
}

async function bridge(record: MSKRecord): Promise<void> {
  const { topic, partition, offset } = record
  try {
    const arrival = readRecord(record, env.TOPIC_APPS)
    const { image, replayed } = await acceptImage(arrival)
    logger.info('record accepted', {
      topic,
      partition,
      offset,
      app: image.app,
      imageId: image.imageId,
      replayed,
    })
  } catch (error) {
    if (!(error instanceof ProblemError) || error.retryable) throw error
    await rejectRecord(record, error)
    logger.warn('record rejected', { topic, partition, offset, reason: error.slug, detail: error.detail })
  }
}
