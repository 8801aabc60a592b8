import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  NoSuchUpload,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import {
  fromUploadMetadata,
  type ImageRef,
  parseUploadKey,
  storedPrefix,
  toUserMetadata,
  type UploadMetadata,
  type UploadRef,
  uploadKey,
  uploadPrefix,
} from '@darkroom/core'
import { type Bucket, type BucketSettings, storageUnavailable } from './bucket.ts'
import { deleteObjects, headObject, listKeys, orUnavailable } from './objects.ts'

/**
 * For the bucket by which requests are signed that clients send: without it the SDK signs the checksum of a body that
 * it has not seen.
 */
export const SIGNER_SETTINGS: BucketSettings = { requestChecksumCalculation: 'WHEN_REQUIRED' }

/** What a client is about to send straight to S3. */
export interface PlannedUpload extends UploadRef {
  contentType: string
  metadata: UploadMetadata
}

/** A form whose policy allows this key, this size and this type, and nothing else. */
export async function signUploadForm(
  signer: Bucket,
  { contentType, metadata, ...upload }: PlannedUpload,
  validSeconds: number,
): Promise<{ url: string; fields: Record<string, string> }> {
  const { url, fields } = await createPresignedPost(signer.s3, {
    Bucket: signer.name,
    Key: uploadKey(upload),
    Conditions: [['content-length-range', upload.bytes, upload.bytes]],
    Fields: { 'Content-Type': contentType, ...toHeaders(metadata) },
    Expires: validSeconds,
  })
  return { url, fields }
}

/** The request that begins a multipart upload. Its headers are signed, so the object will carry this metadata. */
export async function signMultipartUpload(
  signer: Bucket,
  { contentType, metadata, ...upload }: PlannedUpload,
  validSeconds: number,
): Promise<{ url: string; headers: Record<string, string> }> {
  const command = new CreateMultipartUploadCommand({
    Bucket: signer.name,
    Key: uploadKey(upload),
    ContentType: contentType,
    Metadata: toUserMetadata(metadata),
  })
  const described = toHeaders(metadata)
  const url = await getSignedUrl(signer.s3, command, {
    expiresIn: validSeconds,
    signableHeaders: new Set(['content-type']),
    unhoistableHeaders: new Set(Object.keys(described)),
  })
  return { url, headers: { 'content-type': contentType, ...described } }
}

function toHeaders(metadata: UploadMetadata): Record<string, string> {
  const entries = Object.entries(toUserMetadata(metadata))
  return Object.fromEntries(entries.map(([name, value]) => [`x-amz-meta-${name}`, value]))
}

/** A request that a client sends for a multipart upload: a part, the list of parts, completing, aborting. */
export type MultipartRequest = { key: string; uploadId: string } & (
  | { method: 'PUT'; partNumber: number; partBytes: number }
  | { method: 'GET' | 'POST' | 'DELETE' }
)

/** A URL for one such request. That of a part works for exactly `partBytes`. */
export function signMultipartRequest(
  signer: Bucket,
  request: MultipartRequest,
  validSeconds: number,
): Promise<string> {
  const { s3 } = signer
  const upload = addressOf(signer, request)
  const options = { expiresIn: validSeconds, signableHeaders: new Set(['content-length']) }
  switch (request.method) {
    case 'PUT': {
      const part = { PartNumber: request.partNumber, ContentLength: request.partBytes }
      return getSignedUrl(s3, new UploadPartCommand({ ...upload, ...part }), options)
    }
    case 'GET':
      return getSignedUrl(s3, new ListPartsCommand(upload), options)
    case 'POST':
      return getSignedUrl(s3, new CompleteMultipartUploadCommand(upload), options)
    case 'DELETE':
      return getSignedUrl(s3, new AbortMultipartUploadCommand(upload), options)
  }
}

function addressOf(bucket: Bucket, { key, uploadId }: { key: string; uploadId: string }) {
  return { Bucket: bucket.name, Key: key, UploadId: uploadId }
}

/** What a client has sent whole and Darkroom has not taken yet. */
export interface StagedUpload extends UploadRef {
  key: string
}

/** A multipart upload that has begun and has not been completed. */
export interface MultipartUpload extends StagedUpload {
  uploadId: string
  initiated: Date
}

/** A part that has arrived. */
export interface UploadedPart {
  partNumber: number
  bytes: number
  etag: string
}

/** There can be several for one image, if the client began anew with another size. */
export async function listStagedUploads(bucket: Bucket, image: ImageRef): Promise<StagedUpload[]> {
  return (await listKeys(bucket, uploadPrefix(image))).flatMap(toStaged)
}

function toStaged(key: string): StagedUpload[] {
  const upload = parseUploadKey(key)
  return upload ? [{ ...upload, key }] : []
}

/** What the client declared when it asked for the upload; undefined if the object is gone. */
export async function readUploadDetails(bucket: Bucket, { key }: StagedUpload) {
  const head = await headObject(bucket, key)
  return head && { ...fromUploadMetadata(head.Metadata), contentType: head.ContentType }
}

/** The multipart uploads of one image, or of all: oldest first, at most a thousand. */
export async function listMultipartUploads(bucket: Bucket, image?: ImageRef): Promise<MultipartUpload[]> {
  const prefix = image ? uploadPrefix(image) : storedPrefix('uploads')
  const list = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: prefix })
  const { Uploads = [] } = await orUnavailable(bucket.s3.send(list))
  return Uploads.flatMap(({ Key = '', UploadId = '', Initiated = new Date(0) }) =>
    toStaged(Key).map((upload) => ({ ...upload, uploadId: UploadId, initiated: Initiated })),
  ).toSorted((a, b) => a.initiated.getTime() - b.initiated.getTime())
}

/** All parts, as S3 lists a thousand at once. None if the upload was completed or aborted in the meantime. */
export async function listParts(bucket: Bucket, upload: MultipartUpload): Promise<UploadedPart[]> {
  const list = new ListPartsCommand(addressOf(bucket, upload))
  const { Parts = [] } = (await orNoUpload(bucket.s3.send(list))) ?? {}
  return Parts.map(({ PartNumber = 0, Size = 0, ETag = '' }) => ({
    partNumber: PartNumber,
    bytes: Size,
    etag: ETag,
  }))
}

/** Somebody else may do the same at this moment; the object is there either way. */
export async function completeMultipartUpload(
  bucket: Bucket,
  upload: MultipartUpload,
  parts: UploadedPart[],
): Promise<void> {
  const Parts = parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag }))
  const command = { ...addressOf(bucket, upload), MultipartUpload: { Parts } }
  await orNoUpload(bucket.s3.send(new CompleteMultipartUploadCommand(command)))
}

export async function abortMultipartUpload(bucket: Bucket, upload: MultipartUpload): Promise<void> {
  await orNoUpload(bucket.s3.send(new AbortMultipartUploadCommand(addressOf(bucket, upload))))
}

async function orNoUpload<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request
  } catch (cause) {
    if (cause instanceof NoSuchUpload) return undefined
    throw storageUnavailable(cause)
  }
}

/** Deletes whatever was sent for an image, and ends its multipart uploads. */
export async function discardUploads(bucket: Bucket, image: ImageRef): Promise<void> {
  const [keys, uploads] = await Promise.all([
    listKeys(bucket, uploadPrefix(image)),
    listMultipartUploads(bucket, image),
  ])
  await Promise.all([
    deleteObjects(bucket, keys),
    ...uploads.map((upload) => abortMultipartUpload(bucket, upload)),
  ])
}
