import { createHash } from 'node:crypto'
import { HeadObjectCommand, NotFound, PutObjectCommand } from '@aws-sdk/client-s3'
import {
  type FailedDocument,
  type ImageRef,
  inputKey,
  metadataKey,
  ProblemError,
  Traceparent,
} from '@darkroom/core'
import { s3 } from './clients.ts'
import { env } from './environment.ts'
import type { RefusedImage } from './refused-image.ts'
import type { KnownImage } from './submission.ts'

/**
 * Commits a refused image as failed, with the reason that its owner reads. Whatever the first record of an event
 * came to stays: nothing is written where a document lies already, nor where an original does, whose document is
 * the image processor's to write. Should the original arrive in between, that document replaces this one.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function commitRefusal(refused: RefusedImage): Promise<void> {
  try {
    if (await isAccepted(refused.image)) return
    await createDocument(refused.image, toDocument(refused))
  } catch (cause) {
    throw new ProblemError('storage-unavailable', 'The failed status of the image could not be stored.', {
      cause,
    })
  }
}

async function isAccepted(image: ImageRef): Promise<boolean> {
  try {
    await s3.send(new HeadObjectCommand({ Bucket: env.BUCKET, Key: inputKey(image) }))
    return true
  } catch (error) {
    if (error instanceof NotFound) return false
    throw error
  }
}

/** 412 says that a document lies there (`If-None-Match: *`, see "Conditional writes" in the S3 user guide). */
async function createDocument(image: ImageRef, document: FailedDocument): Promise<void> {
  const put = new PutObjectCommand({
    Bucket: env.BUCKET,
    Key: metadataKey(image),
    Body: `${JSON.stringify(document)}\n`,
    ContentType: 'application/json',
    IfNoneMatch: '*',
  })
  try {
    await s3.send(put)
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    if (status !== 412) throw error
  }
}

/** Characters of a detail, which may quote what a sender wrote at any length. */
const MAX_DETAIL = 1000

/** The image was never accepted: it begins and ends with its refusal. */
function toDocument({ image, slug, detail }: RefusedImage): FailedDocument {
  const { app, imageId, origin, filename, attributes = {}, traceparent } = image
  const now = new Date().toISOString()
  return {
    schema_version: 1,
    image_id: imageId,
    app,
    accepted_at: now,
    finished_at: now,
    origin: origin.kind,
    ...(origin.kind === 'kafka' && {
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

function describeBytes({ bytes }: KnownImage): Pick<FailedDocument, 'bytes' | 'sha256'> {
  if (!bytes) return {}
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
