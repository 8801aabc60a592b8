import { newImageId } from '@darkroom/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import { acceptedAnswer } from '../http/accepted-answer.ts'
import { apiHandler } from '../http/api-handler.ts'
import { readIdempotencyKey } from '../http/idempotency-key.ts'
import { readUpload } from '../http/read-upload.ts'
import { checkReprDigest } from '../http/repr-digest.ts'
import { requireApp } from '../http/require-app.ts'
import { acceptImage } from '../intake.ts'

/** `POST /v1/images`: who the caller is comes before any look at the body. */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const key = readIdempotencyKey(event.headers['idempotency-key'])
  const upload = await readUpload(event)
  checkReprDigest(event.headers['repr-digest'], upload.bytes)
  const { image, replayed, duplicate } = await acceptImage({
    ...upload,
    app,
    imageId: key ?? newImageId(),
    origin: { kind: 'http' },
    traceparent: event.headers.traceparent,
  })
  return acceptedAnswer(image, replayed && key !== undefined, duplicate)
})
  .before(({ event }) => void requireApp(event))
  .use(httpJsonBodyParser({ disableContentTypeError: true }))
