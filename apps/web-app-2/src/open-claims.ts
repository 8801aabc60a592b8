import { createHash } from 'node:crypto'
import { HeadObjectCommand, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { claimKey, type ImageRef, ProblemError, s3Uri } from '@darkroom/core'
import type { Upload } from './read-upload.ts'

export interface ClaimsOptions {
  /** Darkroom's own bucket: the kafka-bridge refuses references to any other. */
  bucket: string
  /** Overrides the SDK's own variables and files. */
  s3?: Pick<S3ClientConfig, 'endpoint' | 'region' | 'credentials'>
}

/** Stores images that are too large for Kafka, until the kafka-bridge reads them. */
export interface Claims {
  /**
   * Stores an image create-once: an existing object is never overwritten.
   *
   * @returns its `s3://` URI, also if the same bytes are already stored
   * @throws ProblemError `idempotency-key-reused` (other bytes are stored), `storage-unavailable`
   */
  put(image: ClaimedImage): Promise<string>
  close(): void
}

type ClaimedImage = ImageRef & Pick<Upload, 'bytes' | 'contentType'>

/** A person waits for the answer, so fail soon. A large image may take longer, as long as bytes are moving. */
const TIMEOUTS = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, socketTimeout: 4_000 },
}

export function openClaims({ bucket, s3 }: ClaimsOptions): Claims {
  const client = new S3Client({ ...TIMEOUTS, ...s3 })
  return {
    put: async (image) => {
      const sha256 = createHash('sha256').update(image.bytes).digest()
      if (await isOurs(client, bucket, image, sha256)) return s3Uri(bucket, claimKey(image))
      throw new ProblemError(
        'idempotency-key-reused',
        'Another picture was sent with this Idempotency-Key. Use a new key for this picture.',
      )
    },
    close: () => client.destroy(),
  }
}

/** Whether these bytes are stored now, from this attempt or an earlier one. */
async function isOurs(s3: S3Client, bucket: string, image: ClaimedImage, sha256: Buffer): Promise<boolean> {
  try {
    if (await create(s3, bucket, image, sha256)) return true
    const there = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: claimKey(image) }))
    return there.Metadata?.sha256 === sha256.toString('hex')
  } catch (cause) {
    throw new ProblemError(
      'storage-unavailable',
      'The picture could not be stored. Send it again in a moment; it will not be stored twice.',
      { cause },
    )
  }
}

/** Whether the object was created; false if one exists already ("Conditional writes" in the S3 user guide). */
async function create(s3: S3Client, bucket: string, image: ClaimedImage, sha256: Buffer): Promise<boolean> {
  const put = new PutObjectCommand({
    Bucket: bucket,
    Key: claimKey(image),
    Body: image.bytes,
    ContentType: image.contentType,
    ChecksumSHA256: sha256.toString('base64'),
    Metadata: { sha256: sha256.toString('hex') },
    IfNoneMatch: '*',
  })
  try {
    await s3.send(put)
    return true
  } catch (error) {
    if (statusOf(error) === 412) return false
    throw error
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
}
