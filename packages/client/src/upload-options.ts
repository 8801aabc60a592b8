import type { Attributes } from '@darkroom/core'

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

/**
 * Returns a UUIDv7 (RFC 9562, section 5.7), which becomes the image's id. Create one per image and use it for all attempts.
 * Needs a secure context (https or localhost), like `crypto.randomUUID`.
 */
export function newIdempotencyKey(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`
}
