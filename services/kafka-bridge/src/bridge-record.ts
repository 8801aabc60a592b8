import { appOfTopic } from '@darkroom/app-configuration/deployed'
import { linkClaim } from '@darkroom/bucket'
import {
  acceptedTypes,
  isPlausibleTime,
  type ProblemError,
  type RefusedContent,
  timeOf,
  traceIdOf,
} from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import type { MSKRecord } from 'aws-lambda'
import { recordUpload } from './audit-trail.ts'
import { toArrival } from './claim-checks.ts'
import { bucket, sqs } from './clients.ts'
import { countImplausibleTime, countUnsent, type RecordOutcome } from './count-records.ts'
import { env } from './environment.ts'
import { identifyRecord } from './identify-record.ts'
import { imageIdOf } from './image-id-of.ts'
import { keptOf } from './kept-records.ts'
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

export interface Bridging {
  /** Unix milliseconds, until which a record may wait for room in the limits of its app. */
  waitUntil?: number
  /** Kafka may not have the record any more, so it is kept if it is rejected, however many others are. */
  isOnlyCopy?: boolean
}

/** Accepts or rejects a record. Its outcome is `deferred` if that is not possible now. */
export const bridgeRecord = (record: MSKRecord, options: Bridging): Promise<RecordOutcome> =>
  settle(record, options, () => accept(record, options))

/** Rejects a record for a reason that the record itself does not show. */
export const refuseRecord = (record: MSKRecord, problem: ProblemError): Promise<RecordOutcome> =>
  settle(record, { isOnlyCopy: true }, async () => {
    throw new RefusedImage(await identify(record), problem)
  })

async function settle(
  record: MSKRecord,
  options: Bridging,
  take: () => Promise<RecordOutcome>,
): Promise<RecordOutcome> {
  try {
    return await take().catch((error) => reject(record, error, options))
  } catch (error) {
    return defer(record, error as Error)
  }
}

/** The record has to be delivered again. */
export function defer(position: RecordPosition, error: Error): RecordOutcome {
  const { slug: reason } = toProblem(error)
  logger.error('record deferred', { ...positionOf(position), reason, ...causeOf(error), error })
  return { outcome: 'deferred', ...positionOf(position), reason }
}

async function accept(record: MSKRecord, { waitUntil = 0 }: Bridging): Promise<RecordOutcome> {
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
  if (!replayed) recordUpload(record, 'done', [imageId])
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

/** Stores the record first: without it, the record must not count as processed. Of too many, only the positions are stored. */
async function reject(record: MSKRecord, error: unknown, { isOnlyCopy }: Bridging): Promise<RecordOutcome> {
  if (isTemporary(error)) throw error
  const problem = toProblem(error)
  const refused = problem instanceof RefusedImage ? problem : undefined
  const kept = isOnlyCopy ? 'record' : keptOf(record.topic, problem)
  if (kept === 'record') await rejectRecord(record, problem)
  const hasStatus = refused !== undefined && kept !== 'position'
  if (hasStatus) await commitRefusal(record, refused)
  const { slug: reason } = problem
  const outcome: RecordOutcome = { outcome: 'rejected', ...positionOf(record), reason }
  if (!hasStatus) outcome.withoutStatus = problem.about(sizeOf(record))
  const { offset, timestamp } = record
  const imageId = refused?.image.imageId
  if (kept === 'record') reportRejection(record, problem)
  else outcome.listed = { offset, timestamp, reason, ...(imageId && { imageId }), hasStatus }
  return outcome
}

function reportRejection(record: MSKRecord, problem: ProblemError): void {
  const { slug: reason, detail } = problem
  const image = problem instanceof RefusedImage && { app: problem.image.app, imageId: problem.image.imageId }
  const cause = problem.cause !== undefined && causeOf(problem)
  logger.warn('record rejected', { ...positionOf(record), ...image, reason, detail, ...cause })
  recordUpload(record, reason, image ? [image.imageId] : [])
}

/** The innermost error: S3's, SQS's or the network's own. */
function causeOf(error: unknown): { errorName: string; errorMessage: string } {
  const { name, message, cause } = error as Error
  return cause instanceof Error ? causeOf(cause) : { errorName: name, errorMessage: message }
}

function sizeOf({ value }: MSKRecord): RefusedContent {
  return { bytes: value ? Buffer.byteLength(value, 'base64') : 0 }
}

type RecordPosition = Pick<MSKRecord, 'topic' | 'partition' | 'offset'>

function positionOf({ topic, partition, offset }: RecordPosition): RecordPosition {
  return { topic, partition, offset }
}
