import { type ImageRef, ProblemError, type StoredErased } from '@darkroom/core'
import { erase } from '../erasure/erase.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { concerns } from '../http/audit-request.ts'
import { requireCaller, requireImage } from '../http/request.ts'
import { isStored, notFound, otherIdOf } from '../status/find-image.ts'
import { toImageStatus } from '../status/to-image-status.ts'

/** `DELETE /v1/images/{id}`: 200 with the receipt once nothing is left of the image. */
export const handler = apiHandler(
  async (event) => {
    const { uploader, ...image } = requireImage(event)
    // An uploader erases own images only; an API key also what was never completed.
    if (uploader !== undefined && !(await isStored({ ...image, uploader }))) throw notFound(image)
    const receipt = await eraseFound(image, requireCaller(event).credential)
    concerns(event, [receipt.image_id])
    const { erasure, ...status } = await toImageStatus({ state: 'finished', document: receipt })
    // Whatever other requests are still at, this one has found nothing more.
    return jsonAnswer(200, { ...status, id: image.imageId, erasure: { ...erasure, complete: true } })
  },
  { scope: 'erase', audit: 'image.erased' },
)

/** Erases the image that `GET` finds under this id. */
async function eraseFound(image: ImageRef, by: string): Promise<StoredErased> {
  try {
    return await erase(image, by)
  } catch (error) {
    const isMissing = error instanceof ProblemError && (error.status === 404 || error.status === 410)
    const imageId = isMissing && (await otherIdOf(image))
    if (!imageId) throw error
    return erase({ app: image.app, imageId }, by)
  }
}
