import { type Api, type ApiOptions, createApi } from './ask-api.ts'
import { createClock } from './idempotency-key.ts'
import type { ImageList, ImageStatus, UploadAccepted } from './images.ts'
import { withRetries } from './retry.ts'
import { upload } from './upload.ts'
import type { UploadOptions } from './upload-options.ts'
import { createWaits, type WaitOptions } from './wait-until-final.ts'

export type ClientOptions = ApiOptions

export interface Client {
  /** Uploads one image. Retries use the same idempotency key. @throws DarkroomError, or the signal's reason */
  upload(file: Blob | Uint8Array<ArrayBuffer>, options?: UploadOptions): Promise<UploadAccepted>
  /** Returns the current status of an image. @throws DarkroomError */
  getImage(id: string, options?: { signal?: AbortSignal | undefined }): Promise<ImageStatus>
  /** Returns a page of images: the newest first, or with `date` those of a day, oldest first. @throws DarkroomError */
  listImages(options?: ListOptions): Promise<ImageList>
  /** Deletes an image with all its copies, and returns the receipt. @throws DarkroomError */
  deleteImage(id: string, options?: { signal?: AbortSignal | undefined }): Promise<ImageStatus>
  /** Resolves when an image is processed or failed, or with `queued` at the timeout. */
  waitUntilFinal(id: string, options?: WaitOptions): Promise<ImageStatus>
}

export function createClient(options: ClientOptions): Client {
  const api = createApi(options)
  const clock = createClock()
  return {
    upload: (file, options = {}) => upload(api, clock, file, options),
    getImage: (id, { signal } = {}) => getImage(api, id, signal),
    deleteImage: (id, { signal } = {}) => getImage(api, id, signal, 'DELETE'),
    listImages: (options = {}) => listImages(api, options),
    waitUntilFinal: createWaits(api),
  }
}

/** The receipt of a deletion is a status too. */
function getImage(
  { ask }: Api,
  id: string,
  signal: AbortSignal | undefined,
  method: 'GET' | 'DELETE' = 'GET',
): Promise<ImageStatus> {
  const isResult = (image: ImageStatus) => image.id === id.toLowerCase()
  const request = { method, path: `/images/${encodeURIComponent(id)}`, signal }
  return withRetries(() => ask(request, { status: 200, isResult }), signal)
}

export interface ListOptions {
  /** A UTC day, `yyyy-mm-dd`. Without it, the images of all days, the newest first. */
  date?: string | undefined
  /** 1 to 100. Default: 25. */
  limit?: number | undefined
  /** The cursor of the previous page. */
  cursor?: string | undefined
  signal?: AbortSignal | undefined
}

function listImages({ ask }: Api, { date, limit, cursor, signal }: ListOptions): Promise<ImageList> {
  const query = new URLSearchParams()
  if (date !== undefined) query.set('date', date)
  if (limit !== undefined) query.set('limit', String(limit))
  if (cursor !== undefined) query.set('cursor', cursor)
  const isResult = ({ items }: ImageList) => Array.isArray(items)
  const request = { path: query.size > 0 ? `/images?${query}` : '/images', signal }
  return withRetries(() => ask(request, { status: 200, isResult }), signal)
}
