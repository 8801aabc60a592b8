import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import {
  acceptedTypes,
  type DirectUpload,
  DirectUploadRequest,
  MAX_STORED_BYTES,
  namesOf,
  newImageId,
  PART_BYTES,
  ProblemError,
  Traceparent,
  toUserMetadata,
  type UploadMetadata,
  uploadKey,
} from '@darkroom/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import { signer } from '../clients.ts'
import { env } from '../environment.ts'
import { apiHandler } from '../http/api-handler.ts'
import { readIdempotencyKey } from '../http/idempotency-key.ts'
import { jsonAnswer } from '../http/json-answer.ts'
import { parseOrRefuse } from '../http/parse-or-refuse.ts'
import { requireApp } from '../http/require-app.ts'
import { orUnavailable } from '../or-unavailable.ts'
import { expiryFromNow, VALID_SECONDS } from '../uploads/upload-expiry.ts'
import { listBegun, listParts } from '../uploads/upload-parts.ts'

/** An upload that is to be, as it will lie in S3. */
interface Planned {
  key: string
  bytes: number
  contentType: string
  metadata: UploadMetadata
}

/**
 * `POST /v1/uploads`: tells a client how to send an image to S3 itself. It goes to a place of its own, where it can be
 * sent again and again until it is taken in (decisions/0021-direct-uploads.md); nothing is stored here.
 */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const chosen = readIdempotencyKey(event.headers['idempotency-key'])
  const request = parseOrRefuse(DirectUploadRequest, event.body, 'body')
  requireTakeable(request)
  const imageId = chosen ?? newImageId()
  const { bytes, contentType, filename, attributes = {}, sha256 } = request
  const traceparent = Traceparent.safeParse(event.headers.traceparent).data
  const metadata = { app, origin: { kind: 'http' as const }, filename, attributes, sha256, traceparent }
  const planned = { key: uploadKey({ app, imageId, bytes }), bytes, contentType, metadata }
  const complete = `/v1/uploads/${imageId}/complete`
  const upload: DirectUpload = {
    id: imageId,
    key: planned.key,
    method: 'POST',
    expiresAt: expiryFromNow(),
    ...(request.multipart
      ? { ...(await inParts(planned)), ...(chosen && (await whatHasBegun(planned))) }
      : await inOneForm(planned)),
    links: { sign: '/v1/uploads/sign', complete },
  }
  return jsonAnswer(201, upload, { location: `/v1/images/${imageId}` })
})
  .before(({ event }) => void requireApp(event))
  .use(httpJsonBodyParser({ disableContentTypeError: true }))

/** What could only be refused once it is there is refused now. */
function requireTakeable({ bytes, contentType }: DirectUploadRequest): void {
  if (bytes > MAX_STORED_BYTES) {
    const size = (bytes / 1024 / 1024).toFixed(1)
    throw new ProblemError('payload-too-large', `The image has ${size} MB; at most 50 MB are taken.`)
  }
  if (!/^(image\/[\w.+-]+|application\/octet-stream)$/i.test(contentType)) {
    throw new ProblemError(
      'unsupported-media-type',
      `body.contentType is ${contentType}. Accepted are ${namesOf(acceptedTypes(env.HEIC_DECODER))}; application/octet-stream leaves it open.`,
    )
  }
}

/** A form whose policy allows this key, this size and this type, and nothing else. */
async function inOneForm({ key, bytes, contentType, metadata }: Planned) {
  const { url, fields } = await createPresignedPost(signer, {
    Bucket: env.BUCKET,
    Key: key,
    Conditions: [['content-length-range', bytes, bytes]],
    Fields: { 'Content-Type': contentType, ...toHeaders(metadata) },
    Expires: VALID_SECONDS,
  })
  return { url, fields }
}

/** The request that begins a multipart upload. Its headers are signed, so that the object will say what was said here. */
async function inParts({ key, contentType, metadata }: Planned) {
  const command = new CreateMultipartUploadCommand({
    Bucket: env.BUCKET,
    Key: key,
    ContentType: contentType,
    Metadata: toUserMetadata(metadata),
  })
  const described = toHeaders(metadata)
  const url = await getSignedUrl(signer, command, {
    expiresIn: VALID_SECONDS,
    signableHeaders: new Set(['content-type']),
    unhoistableHeaders: new Set(Object.keys(described)),
  })
  return { url, headers: { 'content-type': contentType, ...described }, partBytes: PART_BYTES }
}

function toHeaders(metadata: UploadMetadata): Record<string, string> {
  const entries = Object.entries(toUserMetadata(metadata))
  return Object.fromEntries(entries.map(([name, value]) => [`x-amz-meta-${name}`, value]))
}

/** The oldest upload in parts under this very key, so that everybody who goes on goes on with the same. */
async function whatHasBegun({ key }: Planned) {
  const detail = 'It cannot be seen now what has arrived already. Try again in a moment.'
  const begun = (await orUnavailable(listBegun(key), detail)).find((upload) => upload.key === key)
  if (!begun) return {}
  const parts = await orUnavailable(listParts(begun), detail)
  return { begun: { uploadId: begun.uploadId, parts } }
}
