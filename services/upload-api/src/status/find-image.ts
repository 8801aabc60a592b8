import { GetObjectCommand, HeadObjectCommand, NoSuchKey, NotFound } from '@aws-sdk/client-s3'
import {
  fromUserMetadata,
  type ImageRef,
  ImageType,
  type InputMetadata,
  inputKey,
  MetadataDocument,
  metadataKey,
  ProblemError,
} from '@darkroom/core'
import { deadlineOf, isPastDeadline } from '@darkroom/retention'
import { s3 } from '../clients.ts'
import { env } from '../environment.ts'
import { noSuchImage } from '../http/request.ts'

/** What S3 knows of an image: its metadata document once it is finished, else its original. */
export type FoundImage =
  | { state: 'finished'; document: MetadataDocument }
  | { state: 'queued'; imageId: string; input: InputMetadata; contentType: ImageType; bytes: number }

/**
 * Where an image stands, in at most two requests to S3. From its deadline on it counts as deleted, whether or not S3
 * has got round to that.
 *
 * @throws ProblemError `not-found` (the same for another app's image), `expired-by-retention`,
 *   `storage-unavailable`
 */
export async function findImage(image: ImageRef): Promise<FoundImage> {
  if (isPastDeadline(env.RETENTION, image, 'metadata')) throw expired(image, 'metadata')
  const document = await findDocument(image)
  if (document) return { state: 'finished', document }
  const queued = await findInput(image)
  if (!queued) throw noSuchImage()
  if (isPastDeadline(env.RETENTION, image, 'input')) throw expired(image, 'input')
  return queued
}

/** The same, but undefined where there is no such image, or not any more. @throws ProblemError `storage-unavailable` */
export async function findImageOrGone(image: ImageRef): Promise<FoundImage | undefined> {
  try {
    return await findImage(image)
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500) return undefined
    throw error
  }
}

/** The metadata document, or undefined while there is none. One request to S3. */
export async function findDocument(image: ImageRef): Promise<MetadataDocument | undefined> {
  const get = new GetObjectCommand({ Bucket: env.BUCKET, Key: metadataKey(image) })
  const found = await orMissing(s3.send(get))
  return found?.Body && MetadataDocument.parse(JSON.parse(await found.Body.transformToString()))
}

/** The original, whatever has become of the image, or undefined where there is none. One request to S3. */
export async function findInput(
  image: ImageRef,
): Promise<Extract<FoundImage, { state: 'queued' }> | undefined> {
  const head = new HeadObjectCommand({ Bucket: env.BUCKET, Key: inputKey(image) })
  const found = await orMissing(s3.send(head))
  return (
    found && {
      state: 'queued',
      imageId: image.imageId,
      input: fromUserMetadata(found.Metadata),
      contentType: ImageType.parse(found.ContentType),
      bytes: found.ContentLength ?? 0,
    }
  )
}

async function orMissing<Output>(request: Promise<Output>): Promise<Output | undefined> {
  try {
    return await request
  } catch (cause) {
    if (cause instanceof NoSuchKey || cause instanceof NotFound) return undefined
    throw new ProblemError(
      'storage-unavailable',
      'The state of the image could not be read. Try again in a moment.',
      {
        cause,
      },
    )
  }
}

function expired(image: ImageRef, kind: 'input' | 'metadata'): ProblemError {
  const deadline = deadlineOf(env.RETENTION, image, kind).toISOString()
  return new ProblemError(
    'expired-by-retention',
    `The retention of this image ended on ${deadline.slice(0, 10)}, and it was deleted.`,
  )
}
