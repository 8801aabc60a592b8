import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
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
 * For the bucket that signs requests for clients to send. Without this setting the SDK would sign the checksum of a body
 * that it does not have.
 */
export const SIGNER_SETTINGS: BucketSettings = { requestChecksumCalculation: 'WHEN_REQUIRED' }

/** An upload that a client is about to send to S3. */
export interface PlannedUpload extends UploadRef {
  contentType: string
  metadata: UploadMetadata
}

/** A form whose policy allows only this key, size and type. */
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

/** The request that starts a multipart upload. Its headers are signed, so the object will have this metadata. */
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

/** A client's request for a multipart upload: PUT a part, GET the list of parts, POST to complete, DELETE to abort. */
export type MultipartRequest = { key: string; uploadId: string } & (
  | { method: 'PUT'; partNumber: number; partBytes: number }
  | { method: 'GET' | 'POST' | 'DELETE' }
)

/** A URL for one such request. The URL of a part accepts exactly `partBytes`. */
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

/** A complete upload in S3 that Darkroom has not accepted yet. */
export interface StagedUpload extends UploadRef {
  key: string
}

/** A multipart upload that is not completed yet. */
export interface MultipartUpload extends StagedUpload {
  uploadId: string
  initiated: Date
}

/** A part that S3 has received. */
export interface UploadedPart {
  partNumber: number
  bytes: number
  etag: string
}

/** There can be several for one image, if the client started again with another size. */
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

/** The multipart uploads of one image, or of all images: oldest first. */
export async function listMultipartUploads(bucket: Bucket, image?: ImageRef): Promise<MultipartUpload[]> {
  const found: MultipartUpload[] = []
  const prefix = image ? uploadPrefix(image) : storedPrefix('uploads')
  for await (const upload of listPendingParts(bucket, prefix)) found.push(...toMultipartUpload(upload))
  return found.toSorted((a, b) => a.initiated.getTime() - b.initiated.getTime())
}

/** A multipart upload under any key. Its parts are stored, and listings of objects do not show them. */
export interface PendingParts {
  key: string
  uploadId: string
  initiated: Date
}

/** All multipart uploads with a prefix, sorted by key; S3 lists a thousand per request. */
export async function* listPendingParts(
  bucket: Bucket,
  prefix = '',
  after?: string,
): AsyncGenerator<PendingParts> {
  let next: Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'> = { KeyMarker: after }
  for (;;) {
    const list = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: prefix, ...next })
    const page = await orUnavailable(bucket.s3.send(list))
    for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) {
      yield { key: Key, uploadId: UploadId, initiated: Initiated }
    }
    if (!page.IsTruncated) return
    next = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  }
}

function toMultipartUpload({ key, uploadId, initiated }: PendingParts): MultipartUpload[] {
  return toStaged(key).map((upload) => ({ ...upload, uploadId, initiated }))
}

/** All parts: S3 lists a thousand in one request. Undefined if the upload was completed or aborted in the meantime. */
export async function listParts(
  bucket: Bucket,
  upload: MultipartUpload,
): Promise<UploadedPart[] | undefined> {
  const list = new ListPartsCommand(addressOf(bucket, upload))
  const found = await orNoUpload(bucket.s3.send(list))
  if (!found) return undefined
  const { Parts = [] } = found
  return Parts.map(({ PartNumber = 0, Size = 0, ETag = '' }) => ({
    partNumber: PartNumber,
    bytes: Size,
    etag: ETag,
  }))
}

/** Succeeds too if another caller completed it at the same time. */
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

/** Deletes all direct uploads for an image, and aborts its multipart uploads. */
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
