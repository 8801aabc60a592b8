import type { Attributes, UploadAccepted } from '@darkroom/core'
import type { ApiRequest, AskApi } from './ask-api.ts'
import { DarkroomError, tooLarge } from './darkroom-error.ts'
import { newIdempotencyKey } from './idempotency-key.ts'
import { isOffline } from './page.ts'
import { backoff, pause } from './pause.ts'
import { sendWithProgress } from './send-with-progress.ts'

const MAX_BYTES = 4 * 1024 * 1024
const ATTEMPTS = 5
/** A pause while the browser says that it is offline; it ends when the browser is online again. */
const OFFLINE_PAUSE = 60_000

/** In bytes of the file. */
export interface Progress {
  sent: number
  total: number
}

export interface UploadOptions {
  /** For display; a File has one. */
  filename?: string | undefined
  /** Pairs of text that stay with the image: at most 16, 1 KB together. */
  attributes?: Attributes | undefined
  /** Of `newIdempotencyKey`; one is made without it. Keep it to be able to repeat the upload after a reload. */
  idempotencyKey?: string | undefined
  /** As the bytes leave in a browser; elsewhere once, at the end. Begins again with each attempt. */
  onProgress?: ((progress: Progress) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Sends one image under one key, in up to five attempts. */
export async function upload(
  ask: AskApi,
  file: Blob | Uint8Array<ArrayBuffer>,
  options: UploadOptions,
): Promise<UploadAccepted> {
  const blob = file instanceof Blob ? file : new Blob([file])
  if (blob.size > MAX_BYTES) throw tooLarge()
  const request = toRequest(blob, options)
  const { onProgress, signal } = options
  const tell =
    onProgress && ((share: number) => onProgress({ sent: Math.round(share * blob.size), total: blob.size }))
  const accepted = await inAttempts(
    () => ask<UploadAccepted>(request, tell && sendWithProgress(tell)),
    signal,
  )
  tell?.(1)
  return accepted
}

/** The raw bytes, the leanest form; only a form can carry attributes as well. */
function toRequest(
  blob: Blob,
  { filename = (blob as { name?: string }).name, attributes, idempotencyKey, signal }: UploadOptions,
): ApiRequest {
  const headers = { 'idempotency-key': idempotencyKey ?? newIdempotencyKey() }
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

/** Again after what is retryable, when the API allows it. Time spent offline costs no attempt. */
async function inAttempts<Result>(
  send: () => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    while (isOffline() && !signal?.aborted) await pause(OFFLINE_PAUSE, signal)
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof DarkroomError && error.retryable) || attempt === ATTEMPTS) throw error
      await pause(backoff(attempt, error.retryAfter), signal)
    }
  }
}
