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
  parseOrRefuse,
  readIdempotencyKey,
  Traceparent,
  toUserMetadata,
  type UploadMetadata,
  uploadKey,
} from '@darkroom/core'
import { signer } from '../clients.ts'
import { env } from '../environment.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { requireApp } from '../http/request.ts'
import { orUnavailable } from '../or-unavailable.ts'
import { expiryFromNow, VALID_SECONDS } from '../uploads/upload-expiry.ts'
import { listBegun, listParts } from '../uploads/upload-parts.ts'

/** An upload before it is sent, with the key and metadata that its object will have. */
interface Planned {
  key: string
  bytes: number
  contentType: string
  metadata: UploadMetadata
}

/**
 * `POST /v1/uploads`: answers with the request that sends an image to S3 directly. The image goes under `uploads/`, where
 * it can be sent repeatedly until it is accepted (decisions/0021-direct-uploads.md). This function stores nothing.
 */
export const handler = apiHandlerWithBody(async (event) => {
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

/** Refuses now what would otherwise be refused after the upload. */
function requireTakeable({ bytes, contentType }: DirectUploadRequest): void {
  if (bytes > MAX_STORED_BYTES) {
    const size = (bytes / 1024 / 1024).toFixed(1)
    throw new ProblemError('payload-too-large', `The image has ${size} MB; the limit is 50 MB.`)
  }
  if (!/^(image\/[\w.+-]+|application\/octet-stream)$/i.test(contentType)) {
    throw new ProblemError(
      'unsupported-media-type',
      `body.contentType is ${contentType}. Accepted types are ${namesOf(acceptedTypes(env.HEIC_DECODER))}; use application/octet-stream if you do not know the type.`,
    )
  }
}

/** A form whose policy allows only this key, size and type. */
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

/** The request that starts a multipart upload. Its headers are signed, so the object gets exactly this metadata. */
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

/** The oldest multipart upload with this key, so that every client that resumes continues the same one. */
async function whatHasBegun({ key }: Planned) {
  const detail = 'The parts that have already arrived could not be listed. Try again in a moment.'
  const begun = (await orUnavailable(listBegun(key), detail)).find((upload) => upload.key === key)
  if (!begun) return {}
  const parts = await orUnavailable(listParts(begun), detail)
  return { begun: { uploadId: begun.uploadId, parts } }
}
