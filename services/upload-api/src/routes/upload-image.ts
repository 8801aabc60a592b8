import { newImageId, readIdempotencyKey } from '@darkroom/core'
import { acceptedAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { requireAllowedBytes, uploaderOf } from '../http/caller.ts'
import { readUpload } from '../http/read-upload.ts'
import { requireCaller } from '../http/request.ts'
import { acceptImage } from '../intake.ts'
import { reportRefusal } from '../refusals.ts'
import { requireUsableId } from '../uploads/replays.ts'

/** `POST /v1/images` */
export const handler = apiHandlerWithBody(
  async (event) => {
    const caller = requireCaller(event)
    const { app, maxBytes, contentTypes } = caller
    const key = readIdempotencyKey(event.headers['idempotency-key'])
    const upload = await readUpload(event)
    const uploader = uploaderOf(caller, upload.uploader)
    requireAllowedBytes(upload.bytes.length, maxBytes)
    if (key !== undefined) await requireUsableId({ app, imageId: key })
    const { image, replayed, duplicate } = await acceptImage({
      ...upload,
      app,
      imageId: key ?? newImageId(),
      origin: { kind: 'http' },
      uploader,
      allowedTypes: contentTypes,
      traceparent: event.headers.traceparent,
    })
    return acceptedAnswer(image, replayed && key !== undefined, duplicate)
  },
  { scope: 'upload', query: ['filename', 'uploader'], report: reportRefusal },
)
