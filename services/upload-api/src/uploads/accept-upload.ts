import {
  completeMultipartUpload,
  discardUploads,
  hasHash,
  listMultipartUploads,
  listParts,
  listStagedUploads,
  readUploadDetails,
  type StagedUpload,
  type UploadedPart,
} from '@darkroom/bucket'
import { type ImageRef, ProblemError } from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import { bucket } from '../clients.ts'
import type { AnsweredImage } from '../http/answer.ts'
import { acceptImage, imageQueue } from '../intake.ts'
import { findImageOrGone } from '../status/find-image.ts'
import { isWhole, partCount } from './multipart.ts'

export interface Taken {
  image: AnsweredImage
  /** It had been accepted before. */
  replayed: boolean
}

/**
 * Takes in what a client has sent to S3 for an image: looks at it, copies it to where originals lie, create-once, and
 * deletes what was sent. Doing it again, or many at once, comes to the same. What is no good is deleted as well.
 *
 * @throws ProblemError as `acceptImage` does, `upload-incomplete`, `not-found`
 */
export async function acceptUpload(image: ImageRef): Promise<Taken> {
  const taken = (await acceptStaged(image)) ?? (await acceptAgain(image))
  if (taken) return taken
  throw new ProblemError(
    'not-found',
    'Nothing is stored for this upload: its bytes were never sent, were refused, or have expired. Start again with POST /v1/uploads.',
  )
}

/** Undefined where nothing was sent, or somebody else has just taken it in. */
async function acceptStaged(image: ImageRef): Promise<Taken | undefined> {
  const upload = await findStaged(image)
  const details = upload && (await readDetails(upload))
  if (!details) return undefined
  const { key, bytes } = upload
  try {
    const acceptance = await acceptImage({ ...details, ...image, stored: { key, bytes } })
    await discardUploads(bucket, image)
    return acceptance
  } catch (error) {
    if (!(error instanceof ProblemError) || isPassing(error)) throw error
    if (error.slug === 'source-expired') return undefined
    await discardUploads(bucket, image)
    throw error
  }
}

/**
 * Finds what was sent for an image. If all parts are there they are put together first, so a client need not.
 *
 * @throws ProblemError `upload-incomplete`
 */
async function findStaged(image: ImageRef): Promise<StagedUpload | undefined> {
  const [staged] = await listStagedUploads(bucket, image)
  if (staged) return staged
  const uploads = await Promise.all(
    (await listMultipartUploads(bucket, image)).map(async (upload) => ({
      upload,
      parts: await listParts(bucket, upload),
    })),
  )
  const whole = uploads.find(({ upload, parts }) => isWhole(upload.bytes, parts))
  if (whole) {
    await completeMultipartUpload(bucket, whole.upload, whole.parts)
    return whole.upload
  }
  const last = uploads.at(-1)
  if (last) throw incomplete(last.upload, last.parts)
  return undefined
}

function incomplete({ bytes }: StagedUpload, parts: UploadedPart[]): ProblemError {
  return new ProblemError(
    'upload-incomplete',
    `Only ${parts.length} of ${partCount(bytes)} parts have arrived. Send the missing parts, then complete the upload again.`,
  )
}

/** What the client declared about the image before it was sent. */
async function readDetails(upload: StagedUpload) {
  const found = await readUploadDetails(bucket, upload)
  if (!found) return undefined
  const { sha256, contentType, ...metadata } = found
  return { ...metadata, declaredType: contentType, declaredSha256: sha256 }
}

/** As long as it waits, with another message: the first one may have been lost. */
async function acceptAgain(image: ImageRef): Promise<Taken | undefined> {
  const found = await findImageOrGone(image)
  if (found?.state === 'queued' && hasHash(found.original)) {
    await enqueueImage(imageQueue, found.original)
    return { image: found.original, replayed: true }
  }
  if (found?.state !== 'finished' || found.document.status === 'erased') return undefined
  const { document } = found
  const { accepted_at: acceptedAt, content_type: contentType, bytes, sha256 } = document
  if (!contentType || bytes === undefined || !sha256) return undefined
  return { image: { imageId: image.imageId, acceptedAt, contentType, bytes, sha256 }, replayed: true }
}

/** Bytes of another hash than was declared are no better next time. */
function isPassing({ status }: ProblemError): boolean {
  return status >= 500
}
