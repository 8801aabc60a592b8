import { createHash } from 'node:crypto'
import { type Bucket, readStored, type StoredSource } from '@darkroom/bucket'
import { declaredTypeOf, IMAGE_TYPES, type ImageType, MAX_STORED_BYTES, ProblemError } from '@darkroom/core'
import { type ImageHeader, inspectImage, inspectStream } from '@darkroom/image-file'

/** A checked image, and its bytes or where they are stored in the bucket. */
export interface InspectedContent {
  header: ImageHeader
  /** Size in bytes. */
  bytes: number
  sha256: string
  source: Uint8Array | StoredSource
}

/** @throws ProblemError as `inspectImage` does */
export async function inspectBytes(
  bytes: Uint8Array,
  accepted?: readonly ImageType[],
): Promise<InspectedContent> {
  const header = await inspectImage(bytes, accepted)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { header, bytes: bytes.length, sha256, source: bytes }
}

/** An image that is already in the bucket. */
export interface StoredContent {
  key: string
  /** The declared size. */
  bytes?: number | undefined
}

/**
 * Checks and hashes an image in the bucket as a stream: only its header is kept in memory.
 *
 * @throws ProblemError `source-expired` (there is no such object), `payload-too-large`, `upload-incomplete`, what
 *   `inspectStream` throws, `storage-unavailable`
 */
export async function inspectStored(
  bucket: Bucket,
  { key, bytes: declared }: StoredContent,
  accepted?: readonly ImageType[],
): Promise<InspectedContent> {
  const inspected = await readStored(bucket, key, async ({ bytes, etag, chunks }) => {
    requireSize(bytes, declared)
    const hash = createHash('sha256')
    const header = await inspectStream(hashing(chunks, hash), accepted)
    return { header, bytes, sha256: hash.digest('hex'), source: { key, etag } }
  })
  if (inspected) return inspected
  throw new ProblemError('source-expired', 'The referenced object does not exist or is archived.')
}

/** The size is known before the bytes, so an object that is too large is never read. */
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

/** @throws ProblemError `type-mismatch` if the declared media type does not match the bytes */
export function requireDeclaredType(actual: ImageType, contentType: string | undefined): void {
  const declared = declaredTypeOf(contentType)
  if (declared === undefined || declared === actual) return
  throw new ProblemError(
    'type-mismatch',
    `The image was declared as ${declared}, but its bytes are ${IMAGE_TYPES[actual].name}. Declare ${actual}, or application/octet-stream if you do not know the type.`,
  )
}

/** @throws ProblemError `unsupported-media-type` if the credential does not allow this type */
export function requireAllowedType(actual: string, allowed: readonly string[] | undefined): void {
  if (allowed === undefined || allowed.includes(actual)) return
  throw new ProblemError(
    'unsupported-media-type',
    allowed.length > 0
      ? `The image is ${actual}, and the upload token allows only ${allowed.join(', ')}.`
      : `The image is ${actual}. The token that started the upload and the one that completes it allow no common type.`,
  )
}

/** @throws ProblemError `checksum-mismatch` if the declared SHA-256 does not match the bytes */
export function requireDeclaredSha256(actual: string, declared = actual): void {
  if (actual === declared) return
  throw new ProblemError(
    'checksum-mismatch',
    `The received image has the SHA-256 ${actual}, which does not match the declared one. Send it again.`,
  )
}
