import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  NoSuchUpload,
} from '@aws-sdk/client-s3'
import { type ImageRef, ProblemError, parseUploadKey, uploadPrefix } from '@darkroom/core'
import { s3 } from '../clients.ts'
import { env } from '../environment.ts'
import { listKeys } from '../list-keys.ts'
import {
  type ArrivedPart,
  type BegunUpload,
  isWhole,
  listBegun,
  listParts,
  partCount,
} from './upload-parts.ts'

/** What a client has sent to S3 and nobody has looked at yet. */
export interface StagedUpload extends ImageRef {
  key: string
  /** The size that it was meant to have. */
  bytes: number
}

/** There can be several where a client began anew, with another size. */
const MOST_UPLOADS = 100

/**
 * Finds what was sent for an image. Parts that are all there are put together first, so that a client need not.
 *
 * @throws ProblemError `upload-incomplete`
 */
export async function findStaged(image: ImageRef): Promise<StagedUpload | undefined> {
  const [object] = await stagedKeys(image)
  if (object) return toStaged(object)
  const begun = await listBegun(uploadPrefix(image))
  const uploads = await Promise.all(begun.map(async (upload) => ({ upload, parts: await listParts(upload) })))
  const whole = uploads.find(({ upload, parts }) => isWhole(upload.bytes, parts))
  if (whole) return putTogether(whole.upload, whole.parts)
  const last = uploads.at(-1)
  if (last) throw incomplete(last.upload, last.parts)
  return undefined
}

/** Everything that was sent for an image, and whatever of it is on its way in parts. */
export async function discardStaged(image: ImageRef): Promise<void> {
  const [keys, begun] = await Promise.all([stagedKeys(image), listBegun(uploadPrefix(image))])
  await Promise.all([
    ...keys.map((Key) => s3.send(new DeleteObjectCommand({ Bucket: env.BUCKET, Key }))),
    ...begun.map(abortUpload),
  ])
}

export function stagedKeys(image: ImageRef): Promise<string[]> {
  return listKeys(uploadPrefix(image), MOST_UPLOADS, undefined)
}

function toStaged(key: string): StagedUpload | undefined {
  const upload = parseUploadKey(key)
  return upload && { ...upload, key }
}

/** Somebody else may do the same at this moment; the object is there either way. */
async function putTogether(upload: BegunUpload, parts: ArrivedPart[]): Promise<StagedUpload> {
  const { key, uploadId } = upload
  const Parts = parts.map(({ partNumber: PartNumber, etag: ETag }) => ({ PartNumber, ETag }))
  try {
    await s3.send(
      new CompleteMultipartUploadCommand({
        Bucket: env.BUCKET,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: { Parts },
      }),
    )
  } catch (error) {
    if (!(error instanceof NoSuchUpload)) throw error
  }
  return upload
}

export async function abortUpload({ key, uploadId }: BegunUpload): Promise<void> {
  try {
    await s3.send(new AbortMultipartUploadCommand({ Bucket: env.BUCKET, Key: key, UploadId: uploadId }))
  } catch (error) {
    if (!(error instanceof NoSuchUpload)) throw error
  }
}

function incomplete({ bytes }: BegunUpload, parts: ArrivedPart[]): ProblemError {
  return new ProblemError(
    'upload-incomplete',
    `Only ${parts.length} of ${partCount(bytes)} parts have arrived. Send the missing parts, then complete the upload again.`,
  )
}
