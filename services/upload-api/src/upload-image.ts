import { newImageId, type UploadAccepted } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import { s3, sqs } from './clients.ts'
import { env } from './env.ts'
import { apiHandler } from './http/api-handler.ts'
import { jsonAnswer } from './http/json-answer.ts'
import { requireApp } from './http/require-app.ts'
import { readIdempotencyKey } from './idempotency-key.ts'
import { readUpload } from './read-upload.ts'
import { checkReprDigest } from './repr-digest.ts'

const acceptImage = createIntake({
  s3,
  sqs,
  bucket: env.BUCKET,
  queueUrl: env.QUEUE_URL,
  source: '/darkroom/upload-api',
})

/** `POST /v1/images`: who the caller is comes before any look at the body. */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const key = readIdempotencyKey(event.headers['idempotency-key'])
  const upload = await readUpload(event)
  checkReprDigest(event.headers['repr-digest'], upload.bytes)
  const { image, replayed } = await acceptImage({
    ...upload,
    app,
    imageId: key ?? newImageId(),
    origin: { kind: 'http' },
    traceparent: event.headers.traceparent,
  })
  const self = `/v1/images/${image.imageId}`
  const body: UploadAccepted = {
    id: image.imageId,
    status: 'queued',
    acceptedAt: image.acceptedAt,
    contentType: image.contentType,
    bytes: image.bytes,
    sha256: image.sha256,
    links: { self },
  }
  return jsonAnswer(202, body, {
    location: self,
    'retry-after': 1,
    ...(key && replayed && { 'idempotency-replayed': 'true' }),
  })
})
  .before(({ event }) => void requireApp(event))
  .use(httpJsonBodyParser({ disableContentTypeError: true }))
