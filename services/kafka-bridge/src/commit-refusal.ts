import { createHash } from 'node:crypto'
import { hasOriginal, putDocument } from '@darkroom/bucket'
import { type StoredFailed, Traceparent } from '@darkroom/core'
import { bucket } from './clients.ts'
import type { RefusedImage } from './refused-image.ts'
import type { KnownImage } from './submission.ts'

/**
 * Commits a refused image as failed, with the reason that its owner reads. What the first record of an event led to
 * stays: nothing is written over a document, nor where there is an original, whose document is the image processor's to
 * write. Should the original arrive in between, that document replaces this one.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function commitRefusal(refused: RefusedImage): Promise<void> {
  if (await hasOriginal(bucket, refused.image)) return
  await putDocument(bucket, toDocument(refused))
}

/** Characters of a detail, which may quote what a sender wrote at any length. */
const MAX_DETAIL = 1000

/** The image was never accepted: it begins and ends with its refusal. */
function toDocument({ image, slug, detail }: RefusedImage): StoredFailed {
  const { app, imageId, origin, filename, attributes = {}, traceparent } = image
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
    ...describeBytes(image),
    traceparent: Traceparent.safeParse(traceparent).data,
    status: 'failed',
    failure_type: slug,
    failure_detail: detail.slice(0, MAX_DETAIL).toWellFormed(),
  }
}

function describeBytes({ bytes }: KnownImage): Pick<StoredFailed, 'bytes' | 'sha256'> {
  if (!bytes) return {}
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
