import {
  listMultipartUploads,
  listParts,
  type PlannedUpload,
  signMultipartUpload,
  signUploadForm,
} from '@darkroom/bucket'
import {
  type AppId,
  acceptedTypes,
  type DirectUpload,
  DirectUploadRequest,
  declaredTypeOf,
  type ImageId,
  MAX_STORED_BYTES,
  namesOf,
  newImageId,
  ownerOf,
  PART_BYTES,
  ProblemError,
  parseOrRefuse,
  readIdempotencyKey,
  Traceparent,
  uploadKey,
  withContent,
} from '@darkroom/core'
import { type Repetition, requireWithinLimits } from '@darkroom/intake'
import { bucket, signer } from '../clients.ts'
import { env } from '../environment.ts'
import { type ApiResult, jsonAnswer } from '../http/answer.ts'
import { apiHandlerWithBody } from '../http/api-handler.ts'
import { requireAllowedBytes, uploaderOf } from '../http/caller.ts'
import { type ApiEvent, requireCaller } from '../http/request.ts'
import { limiter } from '../limits.ts'
import { reportRefusal } from '../refusals.ts'
import { settingsOf } from '../settings.ts'
import { expiryFromNow, VALID_SECONDS } from '../uploads/multipart.ts'
import { isAccepted, requireUsableId } from '../uploads/replays.ts'

/**
 * `POST /v1/uploads`: answers with the request that sends an image to S3 directly. The image goes under `uploads/`, where
 * it can be sent repeatedly until it is accepted (decisions/0021-direct-uploads.md). This function stores nothing.
 * `Idempotency-Replayed` says that the image was already accepted.
 */
export const handler = apiHandlerWithBody(
  async (event) => {
    const chosen = readIdempotencyKey(event.headers['idempotency-key'])
    const request = parseOrRefuse(DirectUploadRequest, event.body, 'body')
    const { bytes, contentType } = request
    return withContent({ bytes, declaredType: declaredTypeOf(contentType) }, () =>
      plan(event, request, chosen),
    )
  },
  { scope: 'upload', isJsonOnly: true, audit: 'upload.begun', report: reportRefusal },
)

async function plan(
  event: ApiEvent,
  request: DirectUploadRequest,
  chosen: ImageId | undefined,
): Promise<ApiResult> {
  const caller = requireCaller(event)
  const { app, maxBytes, contentTypes } = caller
  const uploader = uploaderOf(caller, request.uploader)
  requireSize(request.bytes)
  requireAllowedBytes(request.bytes, maxBytes)
  await limiter.requireRoom(app, { bytes: request.bytes })
  const imageId = chosen ?? newImageId()
  const contentType = requireAcceptedType(request.contentType, contentTypes)
  requireWithinLimits(app, await settingsOf(app), {
    bytes: request.bytes,
    contentType: declaredTypeOf(contentType),
  })
  const { bytes, filename, attributes = {}, sha256 } = request
  const announced = { imageId, bytes, filename, attributes, sha256, uploader }
  const replayed = chosen !== undefined && (await isReplay(app, announced))
  const traceparent = Traceparent.safeParse(event.headers.traceparent).data
  const metadata = {
    app,
    origin: { kind: 'http' as const },
    filename,
    attributes,
    uploader,
    allowedTypes: contentTypes,
    sha256,
    traceparent,
  }
  const owner = uploader === undefined ? undefined : ownerOf(uploader)
  const planned = { app, imageId, bytes, owner, contentType, metadata }
  const begun = chosen && request.multipart ? await findBegun(planned) : {}
  // An upload that is continued was counted when it began.
  const limits = replayed || 'begun' in begun ? {} : await limiter.admit(app, { bytes })
  const complete = `/v1/uploads/${imageId}/complete`
  const upload: DirectUpload = {
    id: imageId,
    key: uploadKey(planned),
    method: 'POST',
    expiresAt: expiryFromNow(),
    ...(request.multipart
      ? {
          ...(await signMultipartUpload(signer, planned, VALID_SECONDS)),
          partBytes: PART_BYTES,
          ...begun,
        }
      : await signUploadForm(signer, planned, VALID_SECONDS)),
    links: { sign: '/v1/uploads/sign', complete },
  }
  return jsonAnswer(201, upload, {
    location: `/v1/images/${imageId}`,
    ...(replayed && { 'idempotency-replayed': 'true' }),
    ...limits,
  })
}

/** Refuses now what would otherwise be refused after the upload. */
function requireSize(bytes: number): void {
  if (bytes <= MAX_STORED_BYTES) return
  throw new ProblemError(
    'payload-too-large',
    `The image has ${bytes} bytes; the limit is ${MAX_STORED_BYTES} (50 MB).`,
  )
}

/** The same for the type: the media type to store the bytes with. */
function requireAcceptedType(contentType: string, allowed: string[] | undefined): string {
  const declared = declaredTypeOf(contentType)
  if (allowed && declared !== undefined && !allowed.includes(declared)) {
    throw new ProblemError(
      'unsupported-media-type',
      `body.contentType is ${declared}, and the upload token allows only ${allowed.join(', ')}.`,
    )
  }
  if (declared === undefined) return 'application/octet-stream'
  const accepted = acceptedTypes(env.HEIC_DECODER)
  if (accepted.some((type) => type === declared)) return declared
  throw new ProblemError(
    'unsupported-media-type',
    `body.contentType is ${declared}. Accepted types are ${namesOf(accepted)}; use application/octet-stream if you do not know the type.`,
  )
}

/** Whether the image was accepted before. @throws ProblemError as `requireUsableId` and `isAccepted` do */
async function isReplay(app: AppId, announced: Repetition): Promise<boolean> {
  const [accepted] = await Promise.all([isAccepted(app, announced), requireUsableId({ app, ...announced })])
  return accepted
}

/** The oldest multipart upload with this key, so that all clients resume the same one. */
async function findBegun(planned: PlannedUpload) {
  const uploads = await listMultipartUploads(bucket, planned)
  const begun = uploads.find(({ key }) => key === uploadKey(planned))
  const parts = begun && (await listParts(bucket, begun))
  return parts ? { begun: { uploadId: begun.uploadId, parts } } : {}
}
