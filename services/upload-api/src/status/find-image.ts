import { findOriginal, getDocument, type StoredOriginal } from '@darkroom/bucket'
import { type ImageRef, ProblemError, type StoredDocument } from '@darkroom/core'
import { deadlineOf, isPastDeadline } from '@darkroom/retention'
import { bucket } from '../clients.ts'
import { env } from '../environment.ts'
import { noSuchImage } from '../http/request.ts'

/** What is stored for an image: its metadata document if it is finished, otherwise its original. */
export type FoundImage =
  | { state: 'finished'; document: StoredDocument }
  | { state: 'queued'; original: StoredOriginal }
  | { state: 'unreadable' }

/**
 * Finds an image with at most two requests to S3, or three if it does not exist. After its deadline it counts as deleted, whether or not S3 has deleted
 * it yet.
 *
 * @throws ProblemError `not-found` (the same for another app's image), `expired-by-retention`,
 *   `storage-unavailable`
 */
export async function findImage(image: ImageRef): Promise<FoundImage> {
  requireKept(image, 'metadata')
  const finished = await findFinished(image)
  if (finished) return finished
  const original = await findOriginal(bucket, image)
  if (!original) {
    // An erasure may have written its receipt after the first read, and then deleted the original.
    const erased = await findFinished(image)
    if (erased) return erased
    throw noSuchImage()
  }
  requireKept(image, 'input')
  return { state: 'queued', original }
}

/** The same, but undefined if the image does not exist or has expired. @throws ProblemError `storage-unavailable` */
export async function findImageOrUndefined(image: ImageRef): Promise<FoundImage | undefined> {
  try {
    return await findImage(image)
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500) return undefined
    throw error
  }
}

/** The image if it has a metadata document, otherwise undefined. One request to S3. */
export async function findFinished(image: ImageRef): Promise<FoundImage | undefined> {
  const found = await getDocument(bucket, image)
  if (!found) return undefined
  return found.document ? { state: 'finished', document: found.document } : { state: 'unreadable' }
}

/** @throws ProblemError `expired-by-retention` if the image's objects of this kind are past their deadline */
export function requireKept(image: ImageRef, kind: 'input' | 'metadata'): void {
  if (!isPastDeadline(env.RETENTION, image, kind)) return
  const deadline = deadlineOf(env.RETENTION, image, kind).toISOString()
  throw new ProblemError(
    'expired-by-retention',
    `The retention of this image ended on ${deadline.slice(0, 10)}, and it was deleted.`,
  )
}
