import {
  deleteEverything,
  everythingOf,
  forgetBytes,
  type ImageObjects,
  isHeld,
  putDocument,
} from '@darkroom/bucket'
import { type ErasedDocument, type ImageRef, ProblemError, type StoredErased, timeOf } from '@darkroom/core'
import { bucket } from '../clients.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { noSuchImage, requireImage } from '../http/request.ts'
import { requireKept } from '../status/find-image.ts'
import { toImageStatus } from '../status/to-image-status.ts'

const MAX_ATTEMPTS = 5

/**
 * `DELETE /v1/images/{id}`: replaces the metadata document with a receipt, then deletes the objects. Once the receipt is
 * written, the processor cannot commit the image any more, and deletes what it has made.
 */
export const handler = apiHandler(async (event) => {
  const image = requireImage(event)
  const receipt = await erase(image, event.requestContext.authorizer.lambda.credential ?? '')
  return jsonAnswer(200, await toImageStatus({ state: 'finished', document: receipt }))
})

/** If the image is already erased, this deletes what an interrupted request left, and returns the first receipt. */
async function erase(image: ImageRef, credential: string): Promise<StoredErased> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const stored = await everythingOf(bucket, image)
    const receipt = earlierReceipt(stored) ?? (await writeReceipt(image, stored, credential))
    if (receipt) {
      await deleteEverything(bucket, stored)
      return receipt
    }
  }
  throw new ProblemError(
    'storage-unavailable',
    'The image is being changed by other requests. Try again in a moment.',
  )
}

function earlierReceipt({ document: found }: ImageObjects): StoredErased | undefined {
  return found?.document?.status === 'erased' ? found.document : undefined
}

/** Undefined if the document has changed since it was read. */
async function writeReceipt(
  image: ImageRef,
  stored: ImageObjects,
  credential: string,
): Promise<ErasedDocument | undefined> {
  await requireNoHold(image)
  requireExists(image, stored)
  // Before the receipt, which does not contain the hash. After this, the same bytes are a new image.
  if (stored.sha256 !== undefined) await forgetBytes(bucket, { ...image, sha256: stored.sha256 })
  const receipt = receiptOf(image, credential, stored.keys)
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

/** @throws ProblemError `not-found`, `expired-by-retention` */
function requireExists(image: ImageRef, stored: ImageObjects): void {
  if (stored.isOnlyUploaded) return
  requireKept(image, 'metadata')
  if (stored.document) return
  if (!stored.hasOriginal) throw noSuchImage()
  requireKept(image, 'input')
}

function receiptOf({ app, imageId }: ImageRef, credential: string, keys: string[]): ErasedDocument {
  return {
    schema_version: 1,
    image_id: imageId,
    app,
    accepted_at: timeOf(imageId).toISOString(),
    status: 'erased',
    erased_at: new Date().toISOString(),
    erased_by: credential,
    erased_objects: keys.length,
  }
}
