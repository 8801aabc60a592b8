import { createHash } from 'node:crypto'
import { deleteLinked, getDocument, hasOriginal, putDocument, putRejected } from '@darkroom/bucket'
import {
  type ProblemError,
  type RejectedRef,
  rejectedKey,
  type StoredFailed,
  Traceparent,
} from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import { bucket } from './clients.ts'
import { type KnownImage, RefusedImage } from './submission.ts'

/**
 * Stores a record that cannot be accepted, as Lambda delivered it, with the reason.
 *
 * @throws ProblemError `storage-unavailable`
 */
export function rejectRecord(record: MSKRecord, reason: ProblemError): Promise<void> {
  const image = reason instanceof RefusedImage ? reason.image : undefined
  return putRejected(bucket, refOf(record), record, reason, image)
}

const refOf = (record: MSKRecord): RejectedRef => ({ ...record, date: dateOf(record) })

const MAX_TIME_MS = Date.UTC(9999, 11, 31)

/** A producer can write anything as a record's timestamp, for example microseconds. */
export function dateOf({ timestamp }: Pick<MSKRecord, 'timestamp'>): string {
  const time = Math.min(Math.max(timestamp, 0), MAX_TIME_MS)
  return new Date(time).toISOString().slice(0, 10)
}

/**
 * Commits a refused image as failed, with a reason for its owner. The result of an event's first record stays: this
 * neither overwrites a document nor writes one if there is an original, because then the image processor writes it. If
 * the original arrives in between, the processor's document replaces this one. If the image was erased, the record that was
 * just stored is deleted again.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function commitRefusal(record: MSKRecord, refused: RefusedImage): Promise<void> {
  const { image } = refused
  const isAccepted = await hasOriginal(bucket, image)
  if (!isAccepted && (await putDocument(bucket, toDocument(refused)))) return
  // Also if there is an original: an erasure that has listed what it deletes may be about to delete it.
  const stored = await getDocument(bucket, image)
  if (stored?.document?.status === 'erased') await deleteLinked(bucket, image, rejectedKey(refOf(record)))
}

/** A detail may quote text of any length from the record. */
const MAX_DETAIL_CHARACTERS = 1000

/** The image was never accepted, so it is accepted and finished at the same time. */
function toDocument({ image, slug, detail }: RefusedImage): StoredFailed {
  const { app, imageId, origin, filename, attributes = {}, uploader, traceparent } = image
  const now = new Date().toISOString()
  return {
    schema_version: 1,
    image_id: imageId,
    app,
    accepted_at: now,
    finished_at: now,
    origin: origin.kind,
    ...('topic' in origin && {
      kafka_topic: origin.topic,
      kafka_partition: origin.partition,
      kafka_offset: origin.offset,
    }),
    filename,
    attributes,
    ...(uploader !== undefined && { uploader }),
    ...describeBytes(image),
    traceparent: Traceparent.safeParse(traceparent).data,
    status: 'failed',
    failure_type: slug,
    failure_detail: detail.slice(0, MAX_DETAIL_CHARACTERS).toWellFormed(),
  }
}

function describeBytes({ bytes }: KnownImage): Pick<StoredFailed, 'bytes' | 'sha256'> {
  if (!bytes) return {}
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
