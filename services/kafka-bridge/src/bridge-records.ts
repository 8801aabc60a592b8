import { acceptedTypes, isPlausibleTime, ProblemError, timeOf } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import type { MSKEvent, MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import { toArrival } from './claim-checks.ts'
import { bucket, sqs } from './clients.ts'
import { countImplausibleTime, countRecords, type RecordOutcome } from './count-records.ts'
import { env } from './environment.ts'
import { identifyRecord } from './identify-record.ts'
import { imageIdOf } from './image-id-of.ts'
import { logger } from './logger.ts'
import { commitRefusal, rejectRecord } from './reject-record.ts'
import { type IdentifiedEvent, RefusedImage, readSubmission, refusing } from './submission.ts'

const acceptImage = createIntake({
  bucket,
  sqs,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/kafka-bridge',
  accepted: acceptedTypes(env.HEIC_DECODER),
})

const claimRules = { bucket: env.BUCKET, prefixes: env.CLAIM_PREFIXES }

/** The lowest offset of each partition that Lambda must deliver again. `partition` is the key that the event uses. */
export interface KafkaBatchResponse {
  batchItemFailures: { itemIdentifier: { partition: string; offset: number } }[]
}

/**
 * Consumes a topic of images. The records of a partition are processed in order. A record that cannot be accepted
 * is stored under `rejected/`, its image (if it has one) fails, and the partition continues. If S3 or SQS is
 * unavailable, the partition stops at that record and is retried from there, while the other partitions continue.
 */
export async function handler({ records }: MSKEvent | SelfManagedKafkaEvent): Promise<KafkaBatchResponse> {
  const partitions = await Promise.all(
    Object.entries(records).map(async ([partition, batch]) => ({
      partition,
      outcomes: await bridgePartition(batch),
    })),
  )
  countRecords(partitions.flatMap(({ outcomes }) => outcomes))
  return { batchItemFailures: partitions.flatMap(failureOf) }
}

/** Only the last record of a partition can have been deferred. */
function failureOf({ partition, outcomes }: { partition: string; outcomes: RecordOutcome[] }) {
  const last = outcomes.at(-1)
  return last?.outcome === 'deferred' ? [{ itemIdentifier: { partition, offset: last.offset } }] : []
}

/** Stops at the first deferred record; the ones after it are not read. */
async function bridgePartition(records: MSKRecord[]): Promise<RecordOutcome[]> {
  const outcomes: RecordOutcome[] = []
  for (const record of records) {
    const outcome = await bridge(record)
    outcomes.push(outcome)
    if (outcome.outcome === 'deferred') break
  }
  return outcomes
}

async function bridge(record: MSKRecord): Promise<RecordOutcome> {
  try {
    return await accept(record).catch((error) => reject(record, error))
  } catch (error) {
    const reason = error instanceof ProblemError ? error.slug : 'internal'
    logger.error('record deferred', { ...positionOf(record), reason, error: error as Error })
    return { outcome: 'deferred', ...positionOf(record), reason }
  }
}

async function accept(record: MSKRecord): Promise<RecordOutcome> {
  const submission = await readSubmission(await identify(record))
  const { image, replayed } = await refusing(submission, () => acceptImage(toArrival(submission, claimRules)))
  const { app, imageId } = image
  logger.info('record accepted', { ...positionOf(record), app, imageId, replayed })
  return { outcome: 'accepted', ...positionOf(record) }
}

async function identify(record: MSKRecord): Promise<IdentifiedEvent> {
  const { identity, ...event } = identifyRecord(record, env.TOPIC_APPS)
  const { app, time } = identity
  const imageId = await imageIdOf(identity)
  if (!isPlausibleTime(time) && timeOf(imageId).getTime() !== time.getTime()) {
    countImplausibleTime(record.topic)
    // In JSON an invalid date is null.
    logger.warn('event time not plausible', { ...positionOf(record), app, imageId, eventTime: time.toJSON() })
  }
  return { ...event, app, imageId }
}

/** Stores the record first: without it, the record must not count as processed. */
async function reject(record: MSKRecord, error: unknown): Promise<RecordOutcome> {
  if (!(error instanceof ProblemError) || error.retryable) throw error
  await rejectRecord(record, error)
  if (error instanceof RefusedImage) await commitRefusal(error)
  const { slug: reason, detail } = error
  const image = error instanceof RefusedImage && { app: error.image.app, imageId: error.image.imageId }
  logger.warn('record rejected', { ...positionOf(record), ...image, reason, detail })
  return { outcome: 'rejected', ...positionOf(record), reason }
}

function positionOf({ topic, partition, offset }: MSKRecord) {
  return { topic, partition, offset }
}
