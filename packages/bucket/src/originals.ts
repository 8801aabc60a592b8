import type { Readable } from 'node:stream'
import { GetObjectCommand, InvalidObjectState, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3'
import {
  fromUserMetadata,
  type ImageId,
  type ImageRef,
  inputKey,
  metadataKey,
  type StoredInputMetadata,
  toUserMetadata,
} from '@darkroom/core'
import { type Bucket, storageUnavailable } from './bucket.ts'
import { conditionOf, copyObject, getObject, headObject, orUnavailable, tryWrite } from './objects.ts'

/** A stored original, as its S3 metadata describes it. */
export interface StoredOriginal extends StoredInputMetadata {
  imageId: ImageId
  contentType: string
  /** Size in bytes. */
  bytes: number
}

/** An original with a known hash, as every original that Darkroom wrote. */
export interface Original extends StoredOriginal {
  sha256: string
}

export function hasHash(original: StoredOriginal): original is Original {
  return original.sha256 !== undefined
}

/** The original, whatever the image's status; undefined if there is none. One HEAD request. */
export async function findOriginal(bucket: Bucket, image: ImageRef): Promise<StoredOriginal | undefined> {
  const head = await headObject(bucket, inputKey(image))
  return (
    head && {
      ...fromUserMetadata(head.Metadata, image),
      imageId: image.imageId,
      contentType: head.ContentType ?? 'application/octet-stream',
      bytes: head.ContentLength ?? 0,
    }
  )
}

export async function hasOriginal(bucket: Bucket, image: ImageRef): Promise<boolean> {
  return (await headObject(bucket, inputKey(image))) !== undefined
}

/** Whether the image is stored or finished, at present. Two HEAD requests. */
export async function isAccepted(bucket: Bucket, image: ImageRef): Promise<boolean> {
  const found = await Promise.all([inputKey, metadataKey].map((keyOf) => headObject(bucket, keyOf(image))))
  return found.some((object) => object !== undefined)
}

/** SHA-256 of an original in hex, from three sources, for an audit. */
export interface OriginalHashes {
  /** In its metadata, as whoever stored it computed it. */
  stated: string | undefined
  /** Computed by S3 when it was stored. Local servers and copies may have none. */
  byS3: string | undefined
}

/** Undefined if the original was deleted. One HEAD request. */
export async function findHashes(bucket: Bucket, image: ImageRef): Promise<OriginalHashes | undefined> {
  const head = await headObject(bucket, inputKey(image), { ChecksumMode: 'ENABLED' })
  const checksum = head?.ChecksumType === 'COMPOSITE' ? undefined : head?.ChecksumSHA256
  return (
    head && {
      stated: fromUserMetadata(head.Metadata, image).sha256,
      byS3: checksum && Buffer.from(checksum, 'base64').toString('hex'),
    }
  )
}

/** The bytes of an original; undefined if it was deleted. */
export function getOriginal(bucket: Bucket, image: ImageRef): Promise<Uint8Array | undefined> {
  return getObject(bucket, inputKey(image), async ({ Body }) => {
    if (!Body) throw new Error(`S3 returned no body for ${inputKey(image)}`)
    return Body.transformToByteArray()
  })
}

/** The object that an original is copied from, in the version that was read. */
export interface StoredSource {
  key: string
  etag: string
}

/**
 * Stores an original create-once: the bytes themselves, or a copy of another object in the bucket.
 *
 * @returns false if an original is already stored, or `source` was changed or deleted
 */
export function createOriginal(
  bucket: Bucket,
  original: Original,
  source: Uint8Array | StoredSource,
): Promise<boolean> {
  return tryWrite(() =>
    source instanceof Uint8Array ? put(bucket, original, source) : copy(bucket, original, source),
  )
}

function put(bucket: Bucket, original: Original, bytes: Uint8Array): Promise<unknown> {
  const command = new PutObjectCommand({
    Bucket: bucket.name,
    Key: inputKey(original),
    Body: bytes,
    ChecksumSHA256: Buffer.from(original.sha256, 'hex').toString('base64'),
    ...describe(original),
  })
  signWithHash(command, original.sha256)
  return bucket.s3.send(command)
}

function copy(bucket: Bucket, original: Original, { key, etag }: StoredSource): Promise<unknown> {
  return copyObject(bucket, key, inputKey(original), {
    CopySourceIfMatch: etag,
    MetadataDirective: 'REPLACE',
    ChecksumAlgorithm: 'SHA256',
    ...describe(original),
  })
}

function describe(original: Original) {
  return {
    ContentType: original.contentType,
    Metadata: toUserMetadata(original),
    ...conditionOf(undefined),
  }
}

/**
 * Tells the SDK the SHA-256 of a body, in hex, so that it does not hash the body again: if the header
 * `x-amz-content-sha256` is set, the SDK signs its value. For an image, hashing is the largest part of the request's work.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signWithHash(put: PutObjectCommand, sha256: string): void {
  put.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { name: 'signWithHash', step: 'build' },
  )
}

/** An object opened for reading. */
export interface OpenObject {
  /** Size in bytes, known before the first chunk. */
  bytes: number
  etag: string
  /** @throws ProblemError `storage-unavailable` */
  chunks: AsyncIterable<Uint8Array>
}

/**
 * Opens an object, and closes it when `read` is done, even if it did not read everything.
 *
 * @returns what `read` returns, or undefined if the object does not exist or is archived
 */
export async function readStored<Result>(
  bucket: Bucket,
  key: string,
  read: (object: OpenObject) => Promise<Result>,
): Promise<Result | undefined> {
  const opened = await open(bucket, key)
  if (!opened) return undefined
  const { Body, ContentLength: bytes = 0, ETag: etag = '' } = opened
  const body = Body as Readable // It always is one in Node.
  try {
    return await read({ bytes, etag, chunks: chunksOf(body) })
  } finally {
    body.destroy()
  }
}

async function open(bucket: Bucket, key: string) {
  try {
    return await bucket.s3.send(new GetObjectCommand({ Bucket: bucket.name, Key: key }))
  } catch (cause) {
    if (cause instanceof NoSuchKey || cause instanceof InvalidObjectState) return undefined
    throw storageUnavailable(cause)
  }
}

async function* chunksOf(body: Readable): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await orUnavailable(chunks.next())
    if (done) return
    yield value
  }
}
