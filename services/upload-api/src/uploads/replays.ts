import { findOriginal } from '@darkroom/bucket'
import { type AppId, type ImageRef, ProblemError } from '@darkroom/core'
import { type Repetition, requireSameImage } from '@darkroom/intake'
import { bucket } from '../clients.ts'
import { documentOf, findFinished, requireDocumentKept } from '../status/find-image.ts'

/**
 * Checks that an id which the client chose can still become an image. Without this check, the bytes of an erased image would
 * be stored again.
 *
 * @throws ProblemError `erased`, `expired-by-retention`, `storage-unavailable`
 */
export async function requireUsableId(image: ImageRef): Promise<void> {
  const found = await findFinished(image)
  if (!found) return
  const document = documentOf(found)
  requireDocumentKept(document)
  if (document?.status !== 'erased') return
  throw new ProblemError(
    'erased',
    'The image of this Idempotency-Key was erased. To upload it again, make a new key.',
  )
}

/**
 * Compares an announced upload with the image that was already accepted under its id, so that a client does not send bytes
 * that `complete` will refuse.
 *
 * @returns whether the image was accepted
 * @throws ProblemError `idempotency-key-reused`, `storage-unavailable`
 */
export async function isAccepted(app: AppId, announced: Repetition): Promise<boolean> {
  const original = await findOriginal(bucket, { app, imageId: announced.imageId })
  if (original) requireSameImage(original, announced)
  return original !== undefined
}
