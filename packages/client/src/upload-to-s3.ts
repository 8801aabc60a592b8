import type { Api, ApiRequest } from './ask-api.ts'
import { type RawResponse, s3Error } from './darkroom-error.ts'
import type { UploadAccepted } from './images.ts'
import { withRetries } from './retry.ts'
import type { Transport, TransportRequest } from './transport.ts'
import type { UploadOptions } from './upload-options.ts'

/** Larger files use a multipart upload, so that a failure only repeats one part. */
const MAX_FORM_BYTES = 10 * 1024 * 1024
/** A browser opens up to six connections per host. */
const MAX_CONCURRENT_PARTS = 3

/** A Blob's own type is a guess from the file's extension. The API finds the real one in the bytes. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** An app with deduplication gets the id of an earlier image with the same bytes. */
export function acceptanceOf(idempotencyKey: string) {
  const isResult = ({ id, duplicate }: UploadAccepted) =>
    id === idempotencyKey || (!!id && duplicate === true)
  return { status: 202, isResult } as const
}

/** The response to `POST /v1/uploads`: a form, or a multipart upload with `partBytes`. */
export interface DirectUpload {
  id: string
  key: string
  url: string
  fields?: Record<string, string> | undefined
  headers?: Record<string, string> | undefined
  partBytes?: number | undefined
  begun?: { uploadId: string; parts: { partNumber: number; bytes: number }[] } | undefined
}

export type KeyedUploadOptions = UploadOptions & { idempotencyKey: string }
/** Called with the number of sent bytes. */
type ReportSent = (sent: number) => void

/**
 * Uploads an image to S3 and completes the upload. Each attempt sends only the missing parts, also from another page with
 * the same key.
 */
export function uploadToS3(api: Api, blob: Blob, options: KeyedUploadOptions): Promise<UploadAccepted> {
  const { onProgress, signal } = options
  const reportSent = (sent: number) => onProgress?.({ sent: Math.round(sent), total: blob.size })
  let sent = false
  let arrived = 0
  return withRetries(
    async () => {
      const upload = await (sent ? undefined : createUpload(api, blob, options))
      if (upload?.partBytes)
        await sendParts(api, upload, blob, signal, reportSent, (bytes) => (arrived += bytes))
      else if (upload) await sendForm(api, upload, blob, signal, reportSent)
      sent = true
      const path = `/uploads/${options.idempotencyKey}/complete`
      return api.ask({ method: 'POST', path, signal }, acceptanceOf(options.idempotencyKey))
    },
    signal,
    () => arrived,
  )
}

function createUpload(
  { ask }: Api,
  blob: Blob,
  { filename, attributes, uploader, idempotencyKey, signal }: KeyedUploadOptions,
): Promise<DirectUpload> {
  const multipart = blob.size > MAX_FORM_BYTES
  const body = { bytes: blob.size, contentType: UNKNOWN_TYPE, filename, attributes, uploader, multipart }
  const request = json('/uploads', body, { 'idempotency-key': idempotencyKey }, signal)
  const isResult = ({ id, url }: DirectUpload) => id === idempotencyKey && typeof url === 'string'
  return ask(request, { status: 201, isResult })
}

async function sendForm(
  { send }: Api,
  { url, fields = {} }: DirectUpload,
  blob: Blob,
  signal: AbortSignal | undefined,
  reportSent: ReportSent,
): Promise<void> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', blob.slice(0, blob.size, UNKNOWN_TYPE))
  const onUploadProgress = (progress: number) => reportSent(progress * blob.size)
  await uploadTo(send, url, { method: 'POST', body: form, bodyBytes: blob.size, onUploadProgress, signal })
}

/** If one part fails, the others are stopped. */
async function sendParts(
  { ask, send }: Api,
  { key, url, headers = {}, partBytes = 0, begun }: DirectUpload,
  blob: Blob,
  signal: AbortSignal | undefined,
  reportSent: ReportSent,
  onArrived: (bytes: number) => void,
): Promise<void> {
  const uploadId = begun?.uploadId ?? readUploadId(await toS3(send, url, { method: 'POST', headers, signal }))
  const sent = new Map(begun?.parts.map(({ partNumber, bytes }) => [partNumber, bytes]))
  const count = Math.ceil(blob.size / partBytes)
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((n) => !sent.has(n))
  const queue = missing.values()
  const stop = new AbortController()
  const eitherSignal = AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal])
  const reportAll = () => reportSent([...sent.values()].reduce((sum, bytes) => sum + bytes, 0))
  reportAll()

  async function sendNext() {
    for (const partNumber of queue) {
      const part = blob.slice((partNumber - 1) * partBytes, partNumber * partBytes)
      const request = { method: 'PUT', key, uploadId, partNumber }
      const isResult = ({ url }: { url: string }) => typeof url === 'string'
      const signing = json('/uploads/sign', request, {}, eitherSignal)
      const { url } = await ask(signing, { status: 200, isResult })
      const onUploadProgress = (progress: number) => {
        sent.set(partNumber, progress * part.size)
        reportAll()
      }
      const body = { body: part, bodyBytes: part.size, onUploadProgress }
      await uploadTo(send, url, { method: 'PUT', ...body, signal: eitherSignal })
      onArrived(part.size)
    }
  }

  try {
    await Promise.all(Array.from({ length: MAX_CONCURRENT_PARTS }, sendNext))
  } catch (error) {
    stop.abort()
    throw error
  }
}

function json(
  path: string,
  body: object,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): ApiRequest {
  return {
    method: 'POST',
    path,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  }
}

/** Sends bytes. S3 answers with an empty body; anything else is the page of a proxy. */
async function uploadTo(send: Transport, url: string, request: TransportRequest): Promise<void> {
  const response = await toS3(send, url, request)
  if (response.text !== '') throw s3Error(response)
  request.onUploadProgress?.(1)
}

/** Sends no credential to S3. @throws DarkroomError, or the signal's reason */
async function toS3(send: Transport, url: string, request: TransportRequest): Promise<RawResponse> {
  const response = await send(url, request)
  if (response.status < 200 || response.status > 299) throw s3Error(response)
  return response
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
function readUploadId(response: RawResponse): string {
  const uploadId = /<UploadId>([^<]+)</.exec(response.text)?.[1]
  if (!uploadId) throw s3Error(response)
  return uploadId
}
