import { ImageId } from '@darkroom/core'
import { acceptedAnswer } from '../http/accepted-answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { requireApp } from '../http/require-app.ts'
import { notFound } from '../status/find-image.ts'
import { acceptUpload } from '../uploads/accept-upload.ts'

/** `POST /v1/uploads/{id}/complete`: all of the image is in S3. */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const imageId = ImageId.safeParse(event.pathParameters?.id)
  if (!imageId.success) throw notFound()
  const { image, replayed } = await acceptUpload({ app, imageId: imageId.data })
  return acceptedAnswer(image, replayed)
})
