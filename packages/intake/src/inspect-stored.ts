import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { GetObjectCommand, InvalidObjectState, NoSuchKey, type S3Client } from '@aws-sdk/client-s3'
import { type ImageType, MAX_STORED_BYTES, ProblemError } from '@darkroom/core'
import { inspectStream } from '@darkroom/image-file'
import type { InspectedContent } from './inspect-bytes.ts'

/** An object of the bucket that is the image. */
export interface StoredContent {
  key: string
  /** How large it was meant to be. */
  bytes?: number | undefined
}

/**
 * Checks and hashes an image that lies in the bucket already, as it streams by: no more of it is held than its header.
 *
 * @throws ProblemError `source-expired` (there is no such object), `payload-too-large`, `upload-incomplete`, what
 *   `inspectStream` throws, `storage-unavailable`
 */
export async function inspectStored(
  s3: S3Client,
  bucket: string,
  { key, bytes: declared }: StoredContent,
  accepted?: readonly ImageType[],
): Promise<InspectedContent> {
  const { body, bytes, etag } = await open(s3, bucket, key)
  try {
    requireSize(bytes, declared)
    const hash = createHash('sha256')
    const header = await inspectStream(hashing(body, hash), accepted)
    return { header, bytes, sha256: hash.digest('hex'), source: { key, etag } }
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause
    throw unreadable(cause)
  } finally {
    body.destroy()
  }
}

async function open(s3: S3Client, bucket: string, key: string) {
  try {
    const get = new GetObjectCommand({ Bucket: bucket, Key: key })
    const { Body, ContentLength: bytes = 0, ETag: etag } = await s3.send(get)
    // In Node it is one.
    return { body: Body as Readable, bytes, etag }
  } catch (cause) {
    if (!(cause instanceof NoSuchKey || cause instanceof InvalidObjectState)) throw unreadable(cause)
    throw new ProblemError('source-expired', 'The referenced object does not exist or is archived.', {
      cause,
    })
  }
}

/** The size comes ahead of the bytes: those of an object that is refused for it are never read. */
function requireSize(bytes: number, declared = bytes): void {
  if (bytes > MAX_STORED_BYTES) {
    throw new ProblemError('payload-too-large', 'The object is larger than 50 MB.')
  }
  if (bytes !== declared) {
    throw new ProblemError(
      'upload-incomplete',
      `Only ${bytes} of ${declared} bytes have arrived. Upload the image again.`,
    )
  }
}

async function* hashing(pieces: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}

function unreadable(cause: unknown): ProblemError {
  return new ProblemError('storage-unavailable', 'The image could not be read. Try again in a moment.', {
    cause,
  })
}
