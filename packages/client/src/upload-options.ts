import type { Attributes } from './images.ts'

/** In bytes. */
export interface Progress {
  sent: number
  total: number
}

export interface UploadOptions {
  /** For display. Default: the File's name. */
  filename?: string | undefined
  /** Key-value pairs that are stored with the image: up to 16, 1 KB in total. */
  attributes?: Attributes | undefined
  /** With an API key, on a server: the app's own user whose image it is, up to 128 bytes. A token names its user itself. */
  uploader?: string | undefined
  /**
   * A key from `newIdempotencyKey`. Default: a new one. Keep it to resume the upload after a reload: for files over 10 MB
   * only the missing parts are sent again.
   */
  idempotencyKey?: string | undefined
  /**
   * Called while the bytes are sent in a browser; elsewhere after each part, or once. May decrease when a retry starts.
   */
  onProgress?: ((progress: Progress) => void) | undefined
  signal?: AbortSignal | undefined
}
