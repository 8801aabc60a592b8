import type { DirectUpload, Signature, UploadAccepted } from '@darkroom/core'
import AwsS3 from '@uppy/aws-s3'
import type Uppy from '@uppy/core'
import GoldenRetriever from '@uppy/golden-retriever'
import type { Session } from '../src/session.ts'
import { ApiError } from './upload-error.ts'

/** Larger files use a multipart upload, which can resume after a reload or a lost connection. */
const MAX_FORM_BYTES = 10 * 1024 * 1024
const MAX_CONCURRENT_UPLOADS = 2

/** `key` becomes the image's id. It stays with the file, so that retries never create a second image. */
export type UploadMeta = { name: string; key: string }

/**
 * Sets up Uppy's S3 plugin. The API's responses have the shape that its `signRequest` expects. Golden Retriever restores
 * unfinished uploads after a reload.
 *
 * @returns a function that tells the API that an upload is complete
 */
export function sendToS3(uppy: Uppy<UploadMeta, UploadAccepted>, { api, credential, maxBytes }: Session) {
  async function post<Result>(path: string, key: string, body?: object): Promise<Result> {
    const response = await fetch(`${api}/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${credential}`,
        'idempotency-key': key,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new ApiError(await response.text())
    return response.json()
  }

  function create(key: string, multipart: boolean) {
    const file = uppy.getFiles().find(({ meta }) => meta.key === key)
    const contentType = file?.type || 'application/octet-stream'
    const upload = { bytes: file?.size, contentType, filename: file?.name, multipart }
    return post<DirectUpload>('/uploads', key, upload)
  }

  uppy
    .use(AwsS3<UploadMeta, UploadAccepted>, {
      limit: MAX_CONCURRENT_UPLOADS,
      shouldUseMultipart: ({ size }) => (size ?? 0) > MAX_FORM_BYTES,
      generateObjectKey: ({ meta }) => meta.key,
      signRequest: (request) =>
        'uploadId' in request
          ? post<Signature>('/uploads/sign', request.key, request)
          : create(request.key, request.method === 'POST'),
    })
    .use(GoldenRetriever<UploadMeta, UploadAccepted>, { indexedDB: storeOptions(maxBytes) })

  return (key: string) => post<UploadAccepted>(`/uploads/${key}/complete`, key)
}

/** Golden Retriever stores files of up to 10 MB by default. The plugin passes this option on, but its type lacks it. */
function storeOptions(maxFileSize: number): object {
  return { maxFileSize }
}
