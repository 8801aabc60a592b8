import { signMultipartRequest } from '@darkroom/bucket'
import {
  MAX_STORED_BYTES,
  ownerOf,
  ProblemError,
  parseOrRefuse,
  parseUploadKey,
  type Signature,
  SignatureRequest,
  type UploadRef,
} from '@darkroom/core'
import { signer } from '../clients.ts'
import { jsonAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { type Identity, requireAllowedBytes, viewOf } from '../http/caller.ts'
import { requireCaller } from '../http/request.ts'
import { expiryFromNow, partCount, sizeOfPart, VALID_SECONDS } from '../uploads/multipart.ts'

/**
 * `POST /v1/uploads/sign`: a URL for one S3 request of a multipart upload. The key contains the app, the owner and the size, so
 * nothing has to be looked up. A part is signed with its length, so a client cannot send more than it announced.
 */
export const handler = apiHandlerWithBody(
  async (event) => {
    const caller = requireCaller(event)
    const request = parseOrRefuse(SignatureRequest, event.body, 'body')
    const upload = requireUpload(caller, request.key)
    requireAllowedBytes(upload.bytes, caller.maxBytes)
    const expiresAt = expiryFromNow()
    return jsonAnswer(200, { url: await sign(request, upload), expiresAt } satisfies Signature)
  },
  { scope: 'upload', isJsonOnly: true },
)

function requireUpload(caller: Identity, key: string): UploadRef {
  const { app, uploader } = viewOf(caller)
  const upload = parseUploadKey(key)
  const isOwn = upload?.app === app && (uploader === undefined || upload.owner === ownerOf(uploader))
  if (upload && isOwn && upload.bytes <= MAX_STORED_BYTES) return upload
  throw new ProblemError(
    'not-found',
    'No upload has this key. Send the key from the answer to POST /v1/uploads.',
  )
}

function sign({ partNumber, ...request }: SignatureRequest, { bytes }: UploadRef): Promise<string> {
  const { method, ...upload } = request
  return signMultipartRequest(
    signer,
    method === 'PUT' ? { method, ...upload, ...partOf(bytes, partNumber) } : { method, ...upload },
    VALID_SECONDS,
  )
}

function partOf(bytes: number, partNumber = 0) {
  if (partNumber >= 1 && partNumber <= partCount(bytes)) {
    return { partNumber, partBytes: sizeOfPart(bytes, partNumber) }
  }
  throw new ProblemError(
    'malformed-request',
    `body.partNumber must be 1 to ${partCount(bytes)} for a file of ${bytes} bytes.`,
  )
}
