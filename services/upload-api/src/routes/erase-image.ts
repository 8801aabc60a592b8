import { erase } from '../erasure/erase.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { requireImage } from '../http/request.ts'
import { toImageStatus } from '../status/to-image-status.ts'

/** `DELETE /v1/images/{id}`: 200 with the receipt once nothing is left of the image. */
export const handler = apiHandler(async (event) => {
  const image = requireImage(event)
  const receipt = await erase(image, event.requestContext.authorizer.lambda.credential ?? '')
  const { erasure, ...status } = await toImageStatus({ state: 'finished', document: receipt })
  // Whatever other requests are still at, this one has found nothing more.
  return jsonAnswer(200, { ...status, erasure: { ...erasure, complete: true } })
})
