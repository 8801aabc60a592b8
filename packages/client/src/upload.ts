import type { Api, ApiRequest } from './ask-api.ts'
import { tooLarge } from './darkroom-error.ts'
import type { Clock } from './idempotency-key.ts'
import type { Attributes, UploadAccepted } from './images.ts'
import { withRetries } from './retry.ts'
import type { UploadOptions } from './upload-options.ts'
import { acceptanceOf, type KeyedUploadOptions, UNKNOWN_TYPE, uploadToS3 } from './upload-to-s3.ts'

/** The API's limit. Larger images are sent to S3. */
const MAX_API_BYTES = 4 * 1024 * 1024
const MAX_BYTES = 50 * 1024 * 1024

/** Uploads one image with retries: to the API, or directly to S3 if it is large. */
export async function upload(
  api: Api,
  clock: Clock,
  file: Blob | Uint8Array<ArrayBuffer>,
  options: UploadOptions,
): Promise<UploadAccepted> {
  const blob = file instanceof Blob ? file : new Blob([file])
  const { size: total } = blob
  if (total > MAX_BYTES) throw tooLarge()
  const { filename = (blob as { name?: string }).name } = options
  const send = total > MAX_API_BYTES ? uploadToS3 : uploadToApi
  const sendAs = (idempotencyKey: string) => send(api, blob, { ...options, idempotencyKey, filename })
  const key = options.idempotencyKey?.toLowerCase() ?? clock.newKey()
  try {
    return await sendAs(key)
  } catch (error) {
    const corrected = clock.correct(key, error)
    if (!corrected) throw error
    return sendAs(corrected)
  }
}

async function uploadToApi({ ask }: Api, blob: Blob, options: KeyedUploadOptions): Promise<UploadAccepted> {
  const { idempotencyKey, onProgress, signal } = options
  const { size: total } = blob
  const request: ApiRequest = {
    ...toRequest(blob, options),
    bodyBytes: total,
    onUploadProgress: onProgress && ((progress) => onProgress({ sent: Math.round(progress * total), total })),
  }
  const accepted = await withRetries(() => ask(request, acceptanceOf(idempotencyKey)), signal)
  onProgress?.({ sent: total, total })
  return accepted
}

/** Sends raw bytes, or a multipart form if there are attributes. */
function toRequest(
  blob: Blob,
  { filename, attributes, uploader, idempotencyKey, signal }: KeyedUploadOptions,
): ApiRequest {
  const headers = { 'idempotency-key': idempotencyKey }
  const request = { method: 'POST', path: '/images', signal } as const
  if (attributes) return { ...request, headers, body: toForm(blob, filename, attributes, uploader) }
  const query = Object.entries({ filename, uploader }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return {
    ...request,
    path: query.length > 0 ? `${request.path}?${query.join('&')}` : request.path,
    headers: { ...headers, 'content-type': UNKNOWN_TYPE },
    body: blob,
  }
}

function toForm(
  blob: Blob,
  filename: string | undefined,
  attributes: Attributes,
  uploader: string | undefined,
): FormData {
  const form = new FormData()
  form.set('file', blob.slice(0, blob.size, UNKNOWN_TYPE), filename ?? '')
  form.set('attributes', JSON.stringify(attributes))
  if (uploader !== undefined) form.set('uploader', uploader)
  return form
}
