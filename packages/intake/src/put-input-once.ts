import { CopyObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { fromUserMetadata, type InputMetadata, inputKey, ProblemError, toUserMetadata } from '@darkroom/core'
import type { Acceptance, AcceptedImage } from './accepted-image.ts'
import type { InspectedContent } from './inspect-bytes.ts'
import { signWithHash } from './sign-with-hash.ts'

const CONFLICT_ATTEMPTS = 5

/**
 * Stores the original under its key unless something lies there already (`If-None-Match: *`, see "Conditional
 * writes" in the S3 user guide), from here or from another key of the bucket. If the same bytes lie there this is a repetition, and the answer is what was
 * accepted the first time.
 *
 * @throws ProblemError `idempotency-key-reused` (other bytes lie there), `storage-unavailable`
 */
export async function putInputOnce(
  s3: S3Client,
  bucket: string,
  image: AcceptedImage,
  source: InspectedContent['source'],
): Promise<Acceptance> {
  try {
    const created = await create(() =>
      source instanceof Uint8Array ? put(s3, bucket, image, source) : copy(s3, bucket, image, source),
    )
    if (created) return { image, replayed: false }
    const first = await readExisting(s3, bucket, image)
    if (first.sha256 === image.sha256) return { image: { ...first, ...identityOf(image) }, replayed: true }
  } catch (cause) {
    throw new ProblemError(
      'storage-unavailable',
      'The image could not be stored. Send it again in a moment; with the same Idempotency-Key it is stored only once.',
      { cause },
    )
  }
  throw new ProblemError(
    'idempotency-key-reused',
    `Other bytes were already accepted with the id ${image.imageId}. Use a new Idempotency-Key for another image.`,
  )
}

/** Whether the object was created: false says that one lies there. 409 is a race of two writers: try again. */
async function create(write: () => Promise<unknown>): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await write()
      return true
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
      // 404: somebody else was faster, and has deleted what this was to be copied from.
      if (status === 412 || status === 404) return false
      if (status !== 409 || attempt === CONFLICT_ATTEMPTS) throw error
    }
  }
}

function put(s3: S3Client, bucket: string, image: AcceptedImage, bytes: Uint8Array): Promise<unknown> {
  const command = new PutObjectCommand({
    ...destinationOf(bucket, image),
    Body: bytes,
    ChecksumSHA256: Buffer.from(image.sha256, 'hex').toString('base64'),
  })
  signWithHash(command, image.sha256)
  return s3.send(command)
}

/** Within S3, and only what was looked at: other bytes under that key by now have another ETag. */
function copy(
  s3: S3Client,
  bucket: string,
  image: AcceptedImage,
  { key, etag }: { key: string; etag: string | undefined },
): Promise<unknown> {
  return s3.send(
    new CopyObjectCommand({
      ...destinationOf(bucket, image),
      CopySource: `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
      CopySourceIfMatch: etag,
      MetadataDirective: 'REPLACE',
      ChecksumAlgorithm: 'SHA256',
    }),
  )
}

function destinationOf(bucket: string, image: AcceptedImage) {
  return {
    Bucket: bucket,
    Key: inputKey(image),
    ContentType: image.contentType,
    Metadata: toUserMetadata(image),
    IfNoneMatch: '*',
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
