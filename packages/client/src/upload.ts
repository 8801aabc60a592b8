import type { Attributes, UploadAccepted } from '@darkroom/core'
import type { ApiRequest, AskApi } from './ask-api.ts'
import { sendWithProgress } from './ask-api.ts'
import { tooLarge } from './darkroom-error.ts'
import { withRetries } from './retry.ts'
import type { UploadOptions } from './upload-options.ts'
import { newIdempotencyKey } from './upload-options.ts'
import { acceptanceOf, UNKNOWN_TYPE, uploadToS3 } from './upload-to-s3.ts'

/** The API's limit. Larger images are sent to S3. */
const MAX_API_BYTES = 4 * 1024 * 1024
const MAX_BYTES = 50 * 1024 * 1024

/** Uploads one image with retries: to the API, or directly to S3 if it is large. */
export async function upload(
  ask: AskApi,
  file: Blob | Uint8Array<ArrayBuffer>,
  options: UploadOptions,
): Promise<UploadAccepted> {
  const blob = file instanceof Blob ? file : new Blob([file])
  const { size: total } = blob
  if (total > MAX_BYTES) throw tooLarge()
  const { onProgress, signal } = options
  const idempotencyKey = options.idempotencyKey?.toLowerCase() ?? newIdempotencyKey()
  const { filename = (blob as { name?: string }).name } = options
  const completed = { ...options, idempotencyKey, filename }
  const reportSent = (sent: number) => onProgress?.({ sent: Math.round(sent), total })
  if (total > MAX_API_BYTES) return uploadToS3(ask, blob, completed, reportSent)
  const request = toRequest(blob, completed)
  const transport = onProgress && sendWithProgress((progress) => reportSent(progress * total))
  const accepted = await withRetries(() => ask(request, acceptanceOf(idempotencyKey), transport), signal)
  reportSent(total)
  return accepted
}

/** Sends raw bytes, or a multipart form if there are attributes. */
function toRequest(
  blob: Blob,
  { filename, attributes, idempotencyKey, signal }: UploadOptions & { idempotencyKey: string },
): ApiRequest {
  const headers = { 'idempotency-key': idempotencyKey }
  const request = { method: 'POST', path: '/images', signal } as const
  if (attributes) return { ...request, headers, body: toForm(blob, filename, attributes) }
  const query = filename === undefined ? '' : `?filename=${encodeURIComponent(filename)}`
  return {
    ...request,
    path: request.path + query,
    headers: { ...headers, 'content-type': UNKNOWN_TYPE },
    body: blob,
  }
}

function toForm(blob: Blob, filename: string | undefined, attributes: Attributes): FormData {
  const form = new FormData()
  form.set('file', blob.slice(0, blob.size, UNKNOWN_TYPE), filename ?? '')
  form.set('attributes', JSON.stringify(attributes))
  return form
}
