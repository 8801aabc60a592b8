import type { Attributes } from '@darkroom/core'

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
  /**
   * Of `newIdempotencyKey`; one is made without it. Keep it to be able to repeat the upload after a reload: of a file of
   * more than 10 MB only what has not arrived yet is sent then.
   */
  idempotencyKey?: string | undefined
  /** As the bytes leave in a browser; elsewhere after each part of the file, or once. Can go back with an attempt. */
  onProgress?: ((progress: Progress) => void) | undefined
  signal?: AbortSignal | undefined
}
