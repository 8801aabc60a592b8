import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import {
  type AppId,
  MAX_STORED_BYTES,
  ProblemError,
  parseOrRefuse,
  parseUploadKey,
  type Signature,
  SignatureRequest,
  type UploadRef,
} from '@darkroom/core'
import { signer } from '../clients.ts'
import { env } from '../environment.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { requireApp } from '../http/request.ts'
import { expiryFromNow, VALID_SECONDS } from '../uploads/upload-expiry.ts'
import { partCount, sizeOfPart } from '../uploads/upload-parts.ts'

/**
 * `POST /v1/uploads/sign`: a URL for one S3 request of a multipart upload. The key contains the app and the size, so
 * nothing has to be looked up. A part is signed with its length, so a client cannot send more than it announced.
 */
export const handler = apiHandlerWithBody(async (event) => {
  const app = requireApp(event)
  const request = parseOrRefuse(SignatureRequest, event.body, 'body')
  const upload = requireUpload(app, request.key)
  const expiresAt = expiryFromNow()
  return jsonAnswer(200, { url: await sign(request, upload), expiresAt } satisfies Signature)
})

function requireUpload(app: AppId, key: string): UploadRef {
  const upload = parseUploadKey(key)
  if (upload?.app === app && upload.bytes <= MAX_STORED_BYTES) return upload
  throw new ProblemError(
    'not-found',
    'No upload has this key. Send the key from the answer to POST /v1/uploads.',
  )
}

function sign(
  { method, key, uploadId, partNumber }: SignatureRequest,
  { bytes }: UploadRef,
): Promise<string> {
  const upload = { Bucket: env.BUCKET, Key: key, UploadId: uploadId }
  const options = { expiresIn: VALID_SECONDS, signableHeaders: new Set(['content-length']) }
  switch (method) {
    case 'PUT':
      return getSignedUrl(signer, new UploadPartCommand({ ...upload, ...partOf(bytes, partNumber) }), options)
    case 'GET':
      return getSignedUrl(signer, new ListPartsCommand(upload), options)
    case 'POST':
      return getSignedUrl(signer, new CompleteMultipartUploadCommand(upload), options)
    case 'DELETE':
      return getSignedUrl(signer, new AbortMultipartUploadCommand(upload), options)
  }
}

function partOf(bytes: number, partNumber = 0) {
  if (partNumber >= 1 && partNumber <= partCount(bytes)) {
    return { PartNumber: partNumber, ContentLength: sizeOfPart(bytes, partNumber) }
  }
  throw new ProblemError(
    'malformed-request',
    `body.partNumber: must be 1 to ${partCount(bytes)} for a file of ${bytes} bytes`,
  )
}
