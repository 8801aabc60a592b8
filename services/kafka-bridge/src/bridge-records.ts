import { ProblemError } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import type { MSKEvent, MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import { s3, sqs } from './clients.ts'
import { env } from './env.ts'
import { logger } from './logger.ts'
import { readRecord } from './read-record.ts'
import { redeemClaim } from './redeem-claim.ts'
import { rejectRecord } from './reject-record.ts'

const acceptImage = createIntake({
  s3,
  sqs,
  bucket: env.BUCKET,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/kafka-bridge',
})

/** Each partition's lowest offset that is to come again; `partition` is named as the event names it. */
export interface KafkaBatchResponse {
  batchItemFailures: { itemIdentifier: { partition: string; offset: number } }[]
}

/**
 * Consumes a topic of images. Each partition's records are taken in order; one that cannot be taken is kept
 * under `rejected/` and holds nothing up. If S3 or SQS do not answer, that partition stops there and comes
 * again from that record on, while the others proceed.
 */
export async function handler({ records }: MSKEvent | SelfManagedKafkaEvent): Promise<KafkaBatchResponse> {
  const stops = await Promise.all(
    Object.entries(records).map(async ([partition, batch]) => {
      const offset = await bridgePartition(batch)
      return offset === undefined ? [] : [{ itemIdentifier: { partition, offset } }]
    }),
  )
  return { batchItemFailures: stops.flat() }
}

/** @returns the offset at which it had to stop, if it had to */
async function bridgePartition(records: MSKRecord[]): Promise<number | undefined> {
  for (const record of records) {
    const { topic, partition, offset } = record
    try {
      await bridge(record)
    } catch (error) {
      logger.error('record deferred', { topic, partition, offset, error: error as Error })
      return offset
    }
  }
  return undefined
}

async function bridge(record: MSKRecord): Promise<void> {
  const { topic, partition, offset } = record
  try {
    const arrival = await redeemClaim(readRecord(record, env.TOPIC_APPS))
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
