import type { DirectUpload, Signature, UploadAccepted } from '@darkroom/core'
import AwsS3 from '@uppy/aws-s3'
import type Uppy from '@uppy/core'
import GoldenRetriever from '@uppy/golden-retriever'
import type { Session } from '../src/session.ts'
import type { Meta } from './next-key.ts'
import { readRefusal } from './read-refusal.ts'

/** A larger file goes in parts of 5 MB, which a reload and a lost network do not undo. */
const MAX_FORM_BYTES = 10 * 1024 * 1024
const UPLOADS_AT_ONCE = 2

/** The API's own no, in words for whoever sent the picture. */
export class ApiRefusal extends Error {
  readonly trouble: ReturnType<typeof readRefusal>

  constructor(answer: string) {
    const trouble = readRefusal(answer)
    super(trouble.detail)
    this.trouble = trouble
  }
}

/**
 * Uppy's plugin for S3, as its documentation has it: the API's answers are what its `signRequest` asks for. Files that
 * were on their way when the page was left are there again with the Golden Retriever, and go on.
 *
 * @returns what tells the API that all of a file is in S3
 */
export function sendToS3(uppy: Uppy<Meta, UploadAccepted>, { api, credential, maxBytes }: Session) {
  async function ask<Answer>(path: string, key: string, body?: object): Promise<Answer> {
    const answer = await fetch(`${api}/v1${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${credential}`,
        'idempotency-key': key,
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new ApiRefusal(await answer.text())
    return answer.json()
  }

  function create(key: string, multipart: boolean) {
    const file = uppy.getFiles().find(({ meta }) => meta.key === key)
    const contentType = file?.type || 'application/octet-stream'
    const upload = { bytes: file?.size, contentType, filename: file?.name, multipart }
    return ask<DirectUpload>('/uploads', key, upload)
  }

  uppy
    .use(AwsS3<Meta, UploadAccepted>, {
      limit: UPLOADS_AT_ONCE,
      shouldUseMultipart: ({ size }) => (size ?? 0) > MAX_FORM_BYTES,
      generateObjectKey: ({ meta }) => meta.key,
      signRequest: (request) =>
        'uploadId' in request
          ? ask<Signature>('/uploads/sign', request.key, request)
          : create(request.key, request.method === 'POST'),
    })
    .use(GoldenRetriever<Meta, UploadAccepted>, { indexedDB: storeOf(maxBytes) })

  return (key: string) => ask<UploadAccepted>(`/uploads/${key}/complete`, key)
}

/** It keeps files of 10 MB at most unless told otherwise, which its store can be and the plugin's type does not say. */
function storeOf(maxFileSize: number): object {
  return { maxFileSize }
}
