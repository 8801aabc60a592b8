import type { ImageList, ImageStatus, UploadAccepted } from '@darkroom/core'
import { type ApiOptions, createAskApi } from './ask-api.ts'
import { type ListOptions, listImages } from './list-images.ts'
import { upload } from './upload.ts'
import type { UploadOptions } from './upload-options.ts'
import { createWaits, type WaitOptions } from './wait-until-final.ts'

/** `url` is the API's, without `/v1`. `credential` is a key, or a function that gives the current one. */
export type ClientOptions = ApiOptions

export interface Client {
  /** Sends one image, again where that helps and always under one key. @throws DarkroomError, or the signal's reason */
  upload(file: Blob | Uint8Array<ArrayBuffer>, options?: UploadOptions): Promise<UploadAccepted>
  /** Where an image stands now. @throws DarkroomError */
  getImage(id: string, options?: { signal?: AbortSignal | undefined }): Promise<ImageStatus>
  /** A page of one day's images, oldest first. @throws DarkroomError */
  listImages(options?: ListOptions): Promise<ImageList>
  /** Where an image stands once it is processed or failed, or `queued` if it is neither by the timeout. */
  waitUntilFinal(id: string, options?: WaitOptions): Promise<ImageStatus>
}

export function createClient(options: ClientOptions): Client {
  const ask = createAskApi(options)
  return {
    upload: (file, options = {}) => upload(ask, file, options),
    getImage: (id, { signal } = {}) => ask({ path: `/images/${encodeURIComponent(id)}`, signal }),
    listImages: (options = {}) => listImages(ask, options),
    waitUntilFinal: createWaits(ask),
  }
}
