import { appOfTopic } from '@darkroom/app-configuration/deployed'
import { linkClaim } from '@darkroom/bucket'
import {
  acceptedTypes,
  type ImageRef,
  isPlausibleTime,
  type ProblemError,
  type RefusedContent,
  timeOf,
  traceIdOf,
} from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import type { MSKRecord } from 'aws-lambda'
import { record as recordAct } from './audit-trail.ts'
import { toArrival } from './claim-checks.ts'
import { bucket, sqs } from './clients.ts'
import { countImplausibleTime, countUnsent, type RecordOutcome } from './count-records.ts'
import { env } from './environment.ts'
import { identifyRecord } from './identify-record.ts'
import { imageIdOf } from './image-id-of.ts'
import { admitRecord } from './limits.ts'
import { logger } from './logger.ts'
import { commitRefusal, rejectRecord } from './reject-record.ts'
import { settingsOf } from './settings.ts'
import {
  type IdentifiedEvent,
  isTemporary,
  RefusedImage,
  readSubmission,
  refusing,
  toProblem,
} from './submission.ts'

const acceptImage = createIntake({
  bucket,
  sqs,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/kafka-bridge',
  onUnsent: (image, error) => {
    logger.warn('message not sent, the watch queue will send it', { ...image, ...causeOf(error), error })
    countUnsent()
  },
  accepted: acceptedTypes(env.HEIC_DECODER),
  limitsOf: settingsOf,
})

/**
 * Accepts or rejects a record. Its outcome is `deferred` if that is not possible now.
 *
 * @param waitUntil Unix milliseconds, until which it may wait for room in the limits of its app
 */
export const bridgeRecord = (record: MSKRecord, waitUntil = 0): Promise<RecordOutcome> =>
  settle(record, () => accept(record, waitUntil))

/** Rejects a record for a reason that the record itself does not show. */
export const refuseRecord = (record: MSKRecord, problem: ProblemError): Promise<RecordOutcome> =>
  settle(record, async () => {
    throw new RefusedImage(await identify(record), problem)
  })

async function settle(
  record: MSKRecord,
  take: (record: MSKRecord) => Promise<RecordOutcome>,
): Promise<RecordOutcome> {
  try {
    return await take(record).catch((error) => reject(record, error))
  } catch (error) {
    const { slug: reason } = toProblem(error)
    logger.error('record deferred', {
      ...positionOf(record),
      reason,
      ...causeOf(error),
      error: error as Error,
    })
    return { outcome: 'deferred', ...positionOf(record), reason }
  }
}

async function accept(record: MSKRecord, waitUntil: number): Promise<RecordOutcome> {
  const submission = await readSubmission(await identify(record))
  const { image, replayed } = await refusing(submission, async () => {
    const arrival = toArrival(submission, env.BUCKET)
    // An erasure has to find the claim, whatever its name.
    if ('stored' in arrival) await linkClaim(bucket, arrival, arrival.stored.key)
    return acceptImage({ ...arrival, admit: (size) => admitRecord(arrival.app, size, waitUntil) })
  })
  const { app, imageId } = image
  const traceId = traceIdOf(submission.traceparent)
  logger.info('record accepted', { ...positionOf(record), app, imageId, traceId, replayed })
  if (!replayed) recordUpload(record, 'done', { app, imageId })
  return { outcome: 'accepted', ...positionOf(record) }
}

async function identify(record: MSKRecord): Promise<IdentifiedEvent> {
  const { identity, ...event } = identifyRecord(record, appOfTopic)
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
  if (isTemporary(error)) throw error
  const problem = toProblem(error)
  await rejectRecord(record, problem)
  if (problem instanceof RefusedImage) await commitRefusal(record, problem)
  const { slug: reason, detail } = problem
  const image = problem instanceof RefusedImage && { app: problem.image.app, imageId: problem.image.imageId }
  const cause = problem.cause !== undefined && causeOf(problem)
  logger.warn('record rejected', { ...positionOf(record), ...image, reason, detail, ...cause })
  recordUpload(record, reason, image || undefined)
  const withoutImage = problem instanceof RefusedImage ? {} : { withoutImage: problem.about(sizeOf(record)) }
  return { outcome: 'rejected', ...positionOf(record), reason, ...withoutImage }
}

/** In the audit trail: a topic belongs to one app, whose producers Kafka identifies. */
function recordUpload({ topic, partition, offset }: MSKRecord, outcome: string, image?: ImageRef): void {
  recordAct({
    act: 'image.uploaded',
    outcome,
    app: image?.app ?? appOfTopic[topic],
    ...(image && { images: [image.imageId] }),
    who: { kind: 'topic', topic },
    from: { partition, offset },
  })
}

/** The innermost error: S3's, SQS's or the network's own. */
function causeOf(error: unknown): { errorName: string; errorMessage: string } {
  const { name, message, cause } = error as Error
  return cause instanceof Error ? causeOf(cause) : { errorName: name, errorMessage: message }
}

function sizeOf({ value }: MSKRecord): RefusedContent {
  return { bytes: value ? Buffer.byteLength(value, 'base64') : 0 }
}

function positionOf({ topic, partition, offset }: MSKRecord) {
  return { topic, partition, offset }
}
