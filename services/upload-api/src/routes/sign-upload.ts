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
  parseUploadKey,
  type Signature,
  SignatureRequest,
  type UploadRef,
} from '@darkroom/core'
import httpJsonBodyParser from '@middy/http-json-body-parser'
import { signer } from '../clients.ts'
import { env } from '../environment.ts'
import { apiHandler } from '../http/api-handler.ts'
import { jsonAnswer } from '../http/json-answer.ts'
import { parseOrRefuse } from '../http/parse-or-refuse.ts'
import { requireApp } from '../http/require-app.ts'
import { expiryFromNow, VALID_SECONDS } from '../uploads/upload-expiry.ts'
import { partCount, sizeOfPart } from '../uploads/upload-parts.ts'

/**
 * `POST /v1/uploads/sign`: a URL for one request to S3 of a multipart upload. The key says whose upload it is and how
 * large, so that nothing has to be looked up; a part is signed with its length, so that no more can be sent than was
 * announced.
 */
export const handler = apiHandler(async (event) => {
  const app = requireApp(event)
  const request = parseOrRefuse(SignatureRequest, event.body, 'body')
  const upload = requireUpload(app, request.key)
  const expiresAt = expiryFromNow()
  return jsonAnswer(200, { url: await sign(request, upload), expiresAt } satisfies Signature)
})
  .before(({ event }) => void requireApp(event))
  .use(httpJsonBodyParser({ disableContentTypeError: true }))

function requireUpload(app: AppId, key: string): UploadRef {
  const upload = parseUploadKey(key)
  if (upload?.app === app && upload.bytes <= MAX_STORED_BYTES) return upload
  throw new ProblemError(
    'not-found',
    'There is no such upload. Send the key that POST /v1/uploads answered with.',
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
    `body.partNumber: a file of ${bytes} bytes has parts 1 to ${partCount(bytes)}`,
  )
}
