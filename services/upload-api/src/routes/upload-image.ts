import { newImageId, readIdempotencyKey } from '@darkroom/core'
import { acceptedAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { requireAllowedBytes, uploaderOf } from '../http/caller.ts'
import { readUpload } from '../http/read-upload.ts'
import { requireCaller } from '../http/request.ts'
import { acceptImage } from '../intake.ts'
import { limiter } from '../limits.ts'
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
    await limiter.requireRoom(app, { bytes: upload.bytes.length })
    if (key !== undefined) await requireUsableId({ app, imageId: key })
    let limits = {}
    const { image, replayed, duplicate } = await acceptImage({
      ...upload,
      app,
      imageId: key ?? newImageId(),
      origin: { kind: 'http' },
      uploader,
      allowedTypes: contentTypes,
      admit: async (size) => {
        limits = await limiter.admit(app, size)
      },
      traceparent: event.headers.traceparent,
    })
    const isReplay = replayed && key !== undefined
    return acceptedAnswer(image, { replayed: isReplay, duplicate, headers: limits })
  },
  { scope: 'upload', query: ['filename', 'uploader'], audit: 'image.uploaded', report: reportRefusal },
)
