import { HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { fromUserMetadata, type InputMetadata, inputKey, ProblemError, toUserMetadata } from '@darkroom/core'
import type { Acceptance, AcceptedImage } from './accepted-image.ts'
import { signWithHash } from './sign-with-hash.ts'

const CONFLICT_ATTEMPTS = 5

/**
 * Stores the original under its key unless something lies there already (`If-None-Match: *`, see "Conditional
 * writes" in the S3 user guide). If the same bytes lie there this is a repetition, and the answer is what was
 * accepted the first time.
 *
 * @throws ProblemError `idempotency-key-reused` (other bytes lie there), `storage-unavailable`
 */
export async function putInputOnce(
  s3: S3Client,
  bucket: string,
  image: AcceptedImage,
  bytes: Uint8Array,
): Promise<Acceptance> {
  try {
    const created = await create(s3, bucket, image, bytes)
    if (created) return { image, replayed: false }
    const first = await readExisting(s3, bucket, image)
    if (first.sha256 === image.sha256) return { image: { ...first, ...identityOf(image) }, replayed: true }
  } catch (cause) {
    throw new ProblemError(
      'storage-unavailable',
      'The image could not be stored. Send it again in a moment; with the same Idempotency-Key it can only be stored once.',
      { cause },
    )
  }
  throw new ProblemError(
    'idempotency-key-reused',
    `Other bytes were already accepted as ${image.imageId}. Use a new Idempotency-Key for another image.`,
  )
}

/** Whether the object was created: false says that one lies there. 409 is a race of two writers: try again. */
async function create(
  s3: S3Client,
  bucket: string,
  image: AcceptedImage,
  bytes: Uint8Array,
): Promise<boolean> {
  const put = new PutObjectCommand({
    Bucket: bucket,
    Key: inputKey(image),
    Body: bytes,
    ContentType: image.contentType,
    ChecksumSHA256: Buffer.from(image.sha256, 'hex').toString('base64'),
    Metadata: toUserMetadata(image),
    IfNoneMatch: '*',
  })
  signWithHash(put, image.sha256)
  for (let attempt = 1; ; attempt++) {
    try {
      await s3.send(put)
      return true
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
      if (status === 412) return false
      if (status !== 409 || attempt === CONFLICT_ATTEMPTS) throw error
    }
  }
}

/** What an original's metadata does not say, as its key, its content type and its size do. */
function identityOf({ imageId, contentType, bytes }: AcceptedImage) {
  return { imageId, contentType, bytes }
}

async function readExisting(
  s3: S3Client,
  bucket: string,
  image: { app: string; imageId: string },
): Promise<InputMetadata> {
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: inputKey(image) }))
  return fromUserMetadata(head.Metadata)
}
