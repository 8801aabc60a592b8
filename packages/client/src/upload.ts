import type { Attributes, UploadAccepted } from '@darkroom/core'
import type { ApiRequest, AskApi } from './ask-api.ts'
import { tooLarge } from './darkroom-error.ts'
import { newIdempotencyKey } from './idempotency-key.ts'
import { inAttempts } from './in-attempts.ts'
import { sendWithProgress } from './send-with-progress.ts'
import type { UploadOptions } from './upload-options.ts'
import { uploadToS3 } from './upload-to-s3.ts'

/** What the API takes itself; the rest goes to S3. */
const MAX_API_BYTES = 4 * 1024 * 1024
const MAX_BYTES = 50 * 1024 * 1024

/** Sends one image under one key, as often as that helps: to the API, or straight to S3 if it is large. */
export async function upload(
  ask: AskApi,
  file: Blob | Uint8Array<ArrayBuffer>,
  options: UploadOptions,
): Promise<UploadAccepted> {
  const blob = file instanceof Blob ? file : new Blob([file])
  const { size: total } = blob
  if (total > MAX_BYTES) throw tooLarge()
  const { onProgress, signal, idempotencyKey = newIdempotencyKey() } = options
  const { filename = (blob as { name?: string }).name } = options
  const known = { ...options, idempotencyKey, filename }
  const tell = (sent: number) => onProgress?.({ sent: Math.round(sent), total })
  if (total > MAX_API_BYTES) return uploadToS3(ask, blob, { ...known, contentType: typeOf(blob) }, tell)
  const request = toRequest(blob, known)
  const transport = onProgress && sendWithProgress((share) => tell(share * total))
  const accepted = await inAttempts(() => ask<UploadAccepted>(request, transport), signal)
  tell(total)
  return accepted
}

/** The raw bytes, the leanest form; only a form can carry attributes as well. */
function toRequest(
  blob: Blob,
  { filename, attributes, idempotencyKey, signal }: UploadOptions & { idempotencyKey: string },
): ApiRequest {
  const headers = { 'idempotency-key': idempotencyKey }
  const request = { method: 'POST', path: '/images', signal } as const
  if (attributes) return { ...request, headers, body: toForm(typed(blob), filename, attributes) }
  const query = filename === undefined ? '' : `?filename=${encodeURIComponent(filename)}`
  return {
    ...request,
    path: request.path + query,
    headers: { ...headers, 'content-type': typeOf(blob) },
    body: blob,
  }
}

function toForm(blob: Blob, filename: string | undefined, attributes: Attributes): FormData {
  const form = new FormData()
  form.set('file', blob, filename ?? '')
  form.set('attributes', JSON.stringify(attributes))
  return form
}

function typed(blob: Blob): Blob {
  return blob.slice(0, blob.size, typeOf(blob))
}

/** A file is typed by its name, so that `photo.json` would pass for one of the API's other forms. */
function typeOf({ type }: Blob): string {
  return type.startsWith('image/') ? type : 'application/octet-stream'
}
