import { AppId, ImageId, type ImageRef, type RejectedRef, rejectedKey } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { linkObject } from './links.ts'
import { headObject, putObject } from './objects.ts'

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
    Metadata: { reason: reason.slug, detail, ...(image && { image: `${image.app}/${image.imageId}` }) },
  })
}

/** Stores which Kafka records were refused and why, in one object. They stay in Kafka. */
export function putRejectedList(
  bucket: Bucket,
  ref: Required<RejectedRef>,
  records: object[],
): Promise<void> {
  const { topic, partition } = ref
  return putObject(bucket, rejectedKey(ref), {
    Body: JSON.stringify({ topic, partition, records }),
    ContentType: 'application/json',
    Metadata: { records: String(records.length) },
  })
}

/** The image in a rejected record; undefined if its image is not known, or it was deleted. One HEAD request. */
export async function rejectedImage(bucket: Bucket, key: string): Promise<ImageRef | undefined> {
  const [app, imageId] = (await headObject(bucket, key))?.Metadata?.image?.split('/') ?? []
  const isImage = AppId.safeParse(app).success && ImageId.safeParse(imageId).success
  return isImage && app !== undefined && imageId !== undefined ? { app, imageId } : undefined
}
