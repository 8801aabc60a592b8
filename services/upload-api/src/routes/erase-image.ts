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

const ATTEMPTS = 5

/**
 * `DELETE /v1/images/{id}`: the receipt is written first, in the place of the metadata document, and the objects are
 * deleted after it. From then on nothing can commit over it: whatever the processor is making of the image, it deletes.
 */
export const handler = apiHandler(async (event) => {
  const image = requireImage(event)
  const receipt = await erase(image, event.requestContext.authorizer.lambda.credential ?? '')
  return jsonAnswer(200, await toImageStatus({ state: 'finished', document: receipt }))
})

/** If it is erased already, what a first try left half-way is deleted as well, and the receipt is the first one's. */
async function erase(image: ImageRef, credential: string): Promise<StoredErased> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const stored = await everythingOf(bucket, image)
    const earlier = stored.document?.document
    const receipt = earlier?.status === 'erased' ? earlier : await replace(image, stored, credential)
    if (receipt) {
      await deleteEverything(bucket, stored)
      return receipt
    }
  }
  throw new ProblemError(
    'storage-unavailable',
    'The image is being changed by somebody else. Send the request again in a moment.',
  )
}

/** Undefined if the document has changed since it was read. */
async function replace(
  image: ImageRef,
  stored: ImageObjects,
  credential: string,
): Promise<ErasedDocument | undefined> {
  await requireNoHold(image)
  if (!stored.isOnlyUploaded) requireFindable(image, stored)
  // Before the receipt, which no longer has the hash. Without the pointer the same bytes are a new image.
  if (stored.sha256 !== undefined) await forgetBytes(bucket, { ...image, sha256: stored.sha256 })
  const receipt = receiptOf(image, credential, stored.keys)
  return (await putDocument(bucket, receipt, stored.document)) ? receipt : undefined
}

/** @throws ProblemError as `findImage` does */
function requireFindable(image: ImageRef, stored: ImageObjects): void {
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

/** @throws ProblemError `legal-hold` */
async function requireNoHold(image: ImageRef): Promise<void> {
  if (!(await isHeld(bucket, image))) return
  throw new ProblemError(
    'legal-hold',
    'The image is under a legal hold and cannot be erased. Try again after the operator has released it.',
  )
}
