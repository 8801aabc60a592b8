import {
  beginErasure,
  chainReceipt,
  deleteEverything,
  endErasure,
  everythingOf,
  forgetBytes,
  type ImageObjects,
  isHeld,
  newReceipt,
  putDocument,
} from '@darkroom/bucket'
import {
  type ErasedDocument,
  type ErasureRef,
  type ImageRef,
  ProblemError,
  type StoredErased,
} from '@darkroom/core'
import { bucket } from '../clients.ts'
import { notFound } from '../status/find-image.ts'
import { watchErased } from '../watch/look-again.ts'

const MAX_ATTEMPTS = 5

/**
 * Erases an image: replaces its metadata document with a receipt, then deletes its objects. Once the receipt is written, the
 * processor cannot commit the image any more, and deletes what it has made. If this stops halfway, the event of its mark
 * makes the watch queue complete it (decisions/0013-erasure.md).
 *
 * @param by the credential, for the receipt
 * @returns the receipt, when nothing is left. If the image is already erased, the first one
 * @throws ProblemError `not-found`, `expired-by-retention`, `legal-hold`, `storage-unavailable`
 */
export async function erase(image: ImageRef, by: string): Promise<StoredErased> {
  const stored = await everythingOf(bucket, image)
  const earlier = earlierReceipt(stored)
  if (earlier) {
    await deleteAll(image, stored)
    return earlier
  }
  requireExists(image, stored)
  // Before the mark too, so that the usual refusal writes nothing.
  await requireNoHold(image)
  const erasure = { ...image, request: crypto.randomUUID() }
  await beginErasure(bucket, erasure, by)
  return completeErasure(erasure, by)
}

/** The rest of an erasure that has begun. It can be repeated. @throws ProblemError as `erase` does */
export async function completeErasure(erasure: ErasureRef, by: string): Promise<StoredErased> {
  const { app, imageId } = erasure
  try {
    const receipt = await commitReceipt({ app, imageId }, by)
    // Listed after the receipt was written: a processor may have written variants until then, and a repeated upload the
    // entry for its bytes.
    const image = { app, imageId }
    await deleteAll(image, await everythingOf(bucket, image))
    await chainReceipt(bucket, { app, imageId })
    await endErasure(bucket, erasure)
    return receipt
  } catch (error) {
    if (error instanceof ProblemError && !error.retryable) {
      await endErasure(bucket, erasure)
      throw error
    }
    throw new ProblemError(
      'storage-unavailable',
      'The erasure has begun, but parts of the image are still stored. It will be completed within minutes; repeat the request to see whether it is.',
      { cause: error },
    )
  }
}

async function deleteAll(image: ImageRef, stored: ImageObjects): Promise<void> {
  if (stored.sha256 !== undefined) await forgetBytes(bucket, { ...image, sha256: stored.sha256 })
  await deleteEverything(bucket, stored)
}

async function commitReceipt(image: ImageRef, by: string): Promise<StoredErased> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const stored = await everythingOf(bucket, image)
    const receipt = earlierReceipt(stored) ?? (await writeReceipt(image, stored, by))
    if (receipt) return receipt
  }
  throw new Error('the image is being changed by other requests')
}

function earlierReceipt({ document: found }: ImageObjects): StoredErased | undefined {
  return found?.document?.status === 'erased' ? found.document : undefined
}

/** Undefined if the document has changed since it was read. */
async function writeReceipt(
  image: ImageRef,
  stored: ImageObjects,
  by: string,
): Promise<ErasedDocument | undefined> {
  await requireNoHold(image)
  requireExists(image, stored)
  // Before the receipt, which does not contain the hash. After this, the same bytes are a new image.
  if (stored.sha256 !== undefined) await forgetBytes(bucket, { ...image, sha256: stored.sha256 })
  // An upload that runs now may still write the entry for them, and an attempt variants: both are looked at minutes later
  // (decisions/0045-writes-after-an-erasure.md).
  await watchErased(image, stored.sha256)
  const acceptedAt = stored.document?.document?.accepted_at ?? stored.original?.acceptedAt
  const receipt = newReceipt({ ...image, acceptedAt }, by, stored.keys.length)
  return (await putDocument(bucket, receipt, stored.document)) ? receipt : undefined
}

/** @throws ProblemError `legal-hold` */
async function requireNoHold(image: ImageRef): Promise<void> {
  if (!(await isHeld(bucket, image))) return
  throw new ProblemError(
    'legal-hold',
    'The image is under a legal hold and cannot be erased. Try again after the operator has released it.',
  )
}

/**
 * Whatever is stored can be erased: neither its retention nor the time in its id matters.
 *
 * @throws ProblemError if nothing is stored: `not-found`, or `expired-by-retention` for an old id
 */
function requireExists(image: ImageRef, { document, keys, links, multipartUploads }: ImageObjects): void {
  if (!document && keys.length + links.length + multipartUploads.length === 0) throw notFound(image)
}
