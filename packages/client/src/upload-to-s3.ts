import type { DirectUpload, Signature, UploadAccepted } from '@darkroom/core'
import { type ApiRequest, type AskApi, type Transport, withFetch } from './ask-api.ts'
import { type Answer, s3Refusal } from './darkroom-error.ts'
import { inAttempts } from './in-attempts.ts'
import { sendWithProgress } from './send-with-progress.ts'
import type { UploadOptions } from './upload-options.ts'

/** Above this an upload goes in parts, so that a lost one has to be sent again, and not all. */
const MAX_FORM_BYTES = 10 * 1024 * 1024
/** A browser has six connections to a host. */
const PARTS_AT_ONCE = 3

type Options = UploadOptions & { idempotencyKey: string; contentType: string }
/** Told how many bytes have left. */
type Tell = (sent: number) => void

/**
 * Sends an image to S3 and has Darkroom take it from there. Each attempt asks what has arrived and sends what is missing,
 * and so does another page with the same key.
 */
export function uploadToS3(ask: AskApi, blob: Blob, options: Options, tell: Tell): Promise<UploadAccepted> {
  const { signal } = options
  let sent = false
  let arrived = 0
  return inAttempts(
    async () => {
      const upload = await (sent ? undefined : createUpload(ask, blob, options))
      if (upload?.partBytes) await sendParts(ask, upload, blob, signal, tell, (bytes) => (arrived += bytes))
      else if (upload) await sendForm(upload, blob, signal, tell)
      sent = true
      const path = `/uploads/${options.idempotencyKey}/complete`
      return ask<UploadAccepted>({ method: 'POST', path, signal })
    },
    signal,
    () => arrived,
  )
}

function createUpload(
  ask: AskApi,
  blob: Blob,
  { filename, attributes, idempotencyKey, contentType, signal }: Options,
): Promise<DirectUpload> {
  const multipart = blob.size > MAX_FORM_BYTES
  const body = { bytes: blob.size, contentType, filename, attributes, multipart }
  return ask(json('/uploads', body, { 'idempotency-key': idempotencyKey }, signal))
}

async function sendForm(
  { url, fields = {} }: DirectUpload,
  blob: Blob,
  signal: AbortSignal | undefined,
  tell: Tell,
): Promise<void> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', blob)
  await toS3(url, { method: 'POST', body: form, signal }, (share) => tell(share * blob.size))
}

/** One part that cannot be sent stops the others. */
async function sendParts(
  ask: AskApi,
  { key, url, headers = {}, partBytes = 0, begun }: DirectUpload,
  blob: Blob,
  signal: AbortSignal | undefined,
  tell: Tell,
  onArrived: (bytes: number) => void,
): Promise<void> {
  const uploadId = begun?.uploadId ?? readUploadId(await toS3(url, { method: 'POST', headers, signal }))
  const sent = new Map(begun?.parts.map(({ partNumber, bytes }) => [partNumber, bytes]))
  const count = Math.ceil(blob.size / partBytes)
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter((n) => !sent.has(n))
  const queue = missing.values()
  const stop = new AbortController()
  const either = AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal])
  const tellAll = () => tell([...sent.values()].reduce((sum, bytes) => sum + bytes, 0))
  tellAll()

  async function sendNext() {
    for (const partNumber of queue) {
      const part = blob.slice((partNumber - 1) * partBytes, partNumber * partBytes)
      const request = { method: 'PUT', key, uploadId, partNumber }
      const { url } = await ask<Signature>(json('/uploads/sign', request, {}, either))
      await toS3(url, { method: 'PUT', body: part, signal: either }, (share) => {
        sent.set(partNumber, share * part.size)
        tellAll()
      })
      onArrived(part.size)
    }
  }

  try {
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, sendNext))
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

/** Without the credential, which is not S3's business. @throws DarkroomError, or the signal's reason */
async function toS3(
  url: string,
  request: Omit<Parameters<Transport>[1], 'path' | 'headers'> & { headers?: Record<string, string> },
  onShare?: (share: number) => void,
): Promise<Answer> {
  request.signal?.throwIfAborted()
  const transport = (onShare && sendWithProgress(onShare)) ?? withFetch
  const answer = await transport(url, { path: '', headers: {}, ...request })
  if (answer.status < 200 || answer.status > 299) throw s3Refusal(answer)
  onShare?.(1)
  return answer
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
function readUploadId(answer: Answer): string {
  const uploadId = /<UploadId>([^<]+)</.exec(answer.text)?.[1]
  if (!uploadId) throw s3Refusal(answer)
  return uploadId
}
