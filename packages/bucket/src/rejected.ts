import { type ImageRef, type RejectedRef, rejectedKey } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { linkObject } from './links.ts'
import { putObject } from './objects.ts'

/** S3 accepts 2 KB of metadata in total. */
const MAX_DETAIL_CHARACTERS = 1024

/**
 * Stores a refused Kafka record unchanged, with the reason in the object's metadata.
 *
 * @param image the image in the record, if it has one: erasing that image deletes the record
 */
export async function putRejected(
  bucket: Bucket,
  ref: RejectedRef,
  record: object,
  reason: { slug: string; detail: string },
  image?: ImageRef,
): Promise<void> {
  if (image) await linkObject(bucket, image, rejectedKey(ref))
  const detail = encodeURIComponent(reason.detail.toWellFormed()).slice(0, MAX_DETAIL_CHARACTERS)
  return putObject(bucket, rejectedKey(ref), {
    Body: JSON.stringify(record),
    ContentType: 'application/json',
    Metadata: { reason: reason.slug, detail },
  })
}
