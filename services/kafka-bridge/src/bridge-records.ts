import { acceptedTypes, ProblemError } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import type { MSKEvent, MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import { bucket, sqs } from './clients.ts'
import { commitRefusal } from './commit-refusal.ts'
import { countRecords, type RecordOutcome } from './count-records.ts'
import { env } from './environment.ts'
import { identifyRecord } from './identify-record.ts'
import { logger } from './logger.ts'
import { readSubmission } from './read-submission.ts'
import { RefusedImage, refusing } from './refused-image.ts'
import { rejectRecord } from './reject-record.ts'
import { toArrival } from './to-arrival.ts'

const acceptImage = createIntake({
  bucket,
  sqs,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/kafka-bridge',
  accepted: acceptedTypes(env.HEIC_DECODER),
})

/** Each partition's lowest offset that is to come again; `partition` is named as the event names it. */
export interface KafkaBatchResponse {
  batchItemFailures: { itemIdentifier: { partition: string; offset: number } }[]
}

/**
 * Consumes a topic of images. Each partition's records are taken in order; one that cannot be taken is kept
 * under `rejected/`, its image, if it has one, counts as failed, and it holds nothing up. If S3 or SQS do not
 * answer, that partition stops there and comes again from that record on, while the others proceed.
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

/** Goes as far as it can: what lies behind a deferred record is not looked at. */
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
    return await take(record).catch((error) => reject(record, error))
  } catch (error) {
    const reason = error instanceof ProblemError ? error.slug : 'internal'
    logger.error('record deferred', { ...placeOf(record), reason, error: error as Error })
    return { outcome: 'deferred', ...placeOf(record), reason }
  }
}

async function take(record: MSKRecord): Promise<RecordOutcome> {
  const event = identifyRecord(record, env.TOPIC_APPS)
  const submission = await readSubmission(event)
  const { image, replayed } = await refusing(submission, () => acceptImage(toArrival(submission)))
  const { app, imageId } = image
  logger.info('record accepted', { ...placeOf(record), app, imageId, replayed })
  return { outcome: 'accepted', ...placeOf(record) }
}

/** The evidence first: without it nothing may tell that the record is done with. */
async function reject(record: MSKRecord, error: unknown): Promise<RecordOutcome> {
  if (!(error instanceof ProblemError) || error.retryable) throw error
  await rejectRecord(record, error)
  if (error instanceof RefusedImage) await commitRefusal(error)
  const { slug: reason, detail } = error
  const image = error instanceof RefusedImage && { app: error.image.app, imageId: error.image.imageId }
  logger.warn('record rejected', { ...placeOf(record), ...image, reason, detail })
  return { outcome: 'rejected', ...placeOf(record), reason }
}

function placeOf({ topic, partition, offset }: MSKRecord) {
  return { topic, partition, offset }
}
