import { type RejectedRef, rejectedKey } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { putObject } from './objects.ts'

/** S3 accepts 2 KB of metadata in total. */
const MAX_DETAIL_CHARACTERS = 1024

/** Stores a refused Kafka record unchanged, with the reason in the object's metadata. */
export function putRejected(
  bucket: Bucket,
  ref: RejectedRef,
  record: object,
  reason: { slug: string; detail: string },
): Promise<void> {
  const detail = encodeURIComponent(reason.detail.toWellFormed()).slice(0, MAX_DETAIL_CHARACTERS)
  return putObject(bucket, rejectedKey(ref), {
    Body: JSON.stringify(record),
    ContentType: 'application/json',
    Metadata: { reason: reason.slug, detail },
  })
}
