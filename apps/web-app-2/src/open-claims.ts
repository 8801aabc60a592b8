import { createHash } from 'node:crypto'
import { type BucketSettings, createClaim, openBucket } from '@darkroom/bucket'
import { claimKey, type ImageRef, ProblemError, s3Uri } from '@darkroom/core'
import type { Upload } from './read-upload.ts'

export interface ClaimsOptions {
  /** Darkroom's own bucket: the kafka-bridge refuses references to any other. */
  bucket: string
  /** Overrides the SDK's own variables and files. */
  s3?: Pick<BucketSettings, 'endpoint' | 'region' | 'credentials'>
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

/** A person waits for the answer, so an outage must fail fast. A large image may take longer while bytes are moving. */
const TIMEOUTS = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2_000, socketTimeout: 4_000 },
}

export function openClaims({ bucket: name, s3 }: ClaimsOptions): Claims {
  const bucket = openBucket(name, { ...TIMEOUTS, ...s3 })
  return {
    put: async (image) => {
      const sha256 = createHash('sha256').update(image.bytes).digest('hex')
      const isOurs = await createClaim(bucket, { ...image, sha256 }).catch((cause) => {
        throw notStored(cause)
      })
      if (isOurs) return s3Uri(name, claimKey(image))
      throw new ProblemError(
        'idempotency-key-reused',
        'Another picture was sent with this Idempotency-Key. Use a new key for this picture.',
      )
    },
    close: () => bucket.s3.destroy(),
  }
}

function notStored(cause: unknown): ProblemError {
  return new ProblemError(
    'storage-unavailable',
    'The picture could not be stored. Send it again in a moment; it will not be stored twice.',
    { cause },
  )
}
