import { HeadObjectCommand, NotFound } from '@aws-sdk/client-s3'
import { fromUploadMetadata, type ImageRef, ProblemError } from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import { s3, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import type { AnsweredImage } from '../http/answer.ts'
import { acceptImage, SOURCE } from '../intake.ts'
import { orUnavailable } from '../or-unavailable.ts'
import { findImageOrGone } from '../status/find-image.ts'
import { discardStaged, findStaged, type StagedUpload } from './staged-upload.ts'

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
  const upload = await available(findStaged(image))
  const details = upload && (await available(readDetails(upload)))
  if (!details) return undefined
  const { key, bytes } = upload
  try {
    const acceptance = await acceptImage({ ...details, imageId: image.imageId, stored: { key, bytes } })
    await available(discardStaged(image))
    return acceptance
  } catch (error) {
    if (!(error instanceof ProblemError) || isPassing(error)) throw error
    if (error.slug === 'source-expired') return undefined
    await available(discardStaged(image))
    throw error
  }
}

/** What the client said of the image before it was sent. */
async function readDetails({ key }: StagedUpload) {
  try {
    const head = await s3.send(new HeadObjectCommand({ Bucket: env.BUCKET, Key: key }))
    const { sha256, ...metadata } = fromUploadMetadata(head.Metadata)
    return { ...metadata, declaredType: head.ContentType, declaredSha256: sha256 }
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}

/** As long as it waits, with another message: the first one may have been lost. */
async function acceptAgain(image: ImageRef): Promise<Taken | undefined> {
  const found = await findImageOrGone(image)
  if (found?.state === 'queued') {
    const { input, contentType, bytes } = found
    const accepted = { ...input, imageId: image.imageId, contentType, bytes }
    await enqueueImage(sqs, env.QUEUE_URL, SOURCE, env.BUCKET, accepted)
    return { image: accepted, replayed: true }
  }
  const document = found?.document
  if (!document || document.status === 'erased') return undefined
  const { accepted_at: acceptedAt, content_type: contentType, bytes, sha256 } = document
  if (!contentType || bytes === undefined || !sha256) return undefined
  return { image: { imageId: image.imageId, acceptedAt, contentType, bytes, sha256 }, replayed: true }
}

/** Bytes of another hash than was declared are no better next time. */
function isPassing({ status }: ProblemError): boolean {
  return status >= 500
}

function available<Result>(work: Promise<Result>): Promise<Result> {
  return orUnavailable(
    work,
    'The upload could not be read. Complete it again in a moment; repeating the request is safe.',
  )
}
