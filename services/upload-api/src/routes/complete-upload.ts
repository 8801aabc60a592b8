import { acceptedAnswer } from '../http/answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { requireCaller, requireImage } from '../http/request.ts'
import { reportRefusal } from '../refusals.ts'
import { acceptUpload } from '../uploads/accept-upload.ts'

/** `POST /v1/uploads/{id}/complete`: the client has sent the whole image to S3. */
export const handler = apiHandler(
  async (event) => {
    const { image, replayed } = await acceptUpload(requireImage(event), requireCaller(event))
    return acceptedAnswer(image, { replayed })
  },
  { scope: 'upload', audit: 'image.uploaded', report: reportRefusal },
)
