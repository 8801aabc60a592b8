import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { ProblemError } from '@darkroom/core'

/** A bucket and the client that talks to it. Open it once, as a module constant, and pass it to every function here. */
export interface Bucket {
  s3: S3Client
  name: string
  /** Called for each object of which all or a part cannot be read, with the reason: for a log and a metric. */
  onUnreadable?: (key: string, reason: string) => void
}

/** Where S3 is and how long to wait for it. Without an endpoint, the AWS SDK's own variables and files apply. */
export type BucketSettings = Pick<
  S3ClientConfig,
  | 'endpoint'
  | 'region'
  | 'credentials'
  | 'forcePathStyle'
  | 'maxAttempts'
  | 'requestHandler'
  | 'requestChecksumCalculation'
>

/** Opens no connection yet. `bucket.s3.destroy()` closes the connections. */
export function openBucket(
  name: string,
  settings: BucketSettings = {},
  onUnreadable: NonNullable<Bucket['onUnreadable']> = () => {},
): Bucket {
  return { s3: new S3Client(settings), name, onUnreadable }
}

/** S3 did not answer, or refused the request. `cause` is the SDK's error. */
export function storageUnavailable(cause: unknown): ProblemError {
  return new ProblemError(
    'storage-unavailable',
    'Storage is not available. Try again in a moment: an upload is stored only once if you repeat it with the same Idempotency-Key.',
    { cause },
  )
}
