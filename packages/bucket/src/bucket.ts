import { HeadBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
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

/** Throws `storage-unavailable` if S3 does not answer, or the bucket does not exist or cannot be listed. */
export async function requireBucket({ s3, name }: Bucket): Promise<void> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }))
  } catch (error) {
    throw storageUnavailable(error)
  }
}

/** S3 did not answer, or refused the request. `cause` is the SDK's error. */
export function storageUnavailable(cause: unknown): ProblemError {
  return new ProblemError(
    'storage-unavailable',
    'Storage is not available. Try again in a moment: an upload is stored only once if you repeat it with the same Idempotency-Key.',
    { cause },
  )
}

/**
 * The problem of a write that S3 did not make: `malformed-request` if S3 refuses the content of this request, which it would
 * refuse again, otherwise `storage-unavailable`.
 */
export function writeFailed(cause: unknown): ProblemError {
  if (!isContentRefusal(cause)) return storageUnavailable(cause)
  return new ProblemError(
    'malformed-request',
    `Storage refuses the image as it was sent (${(cause as Error).name}). Use a shorter file name and fewer attributes.`,
    { cause },
  )
}

/** Statuses about the request itself: bad request, length required, too large, unprocessable, header fields too large. */
const CONTENT_STATUSES = new Set([400, 411, 413, 422, 431])

/**
 * What S3 also answers with 400, but about the connection, the credentials or the configuration.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const NOT_ABOUT_CONTENT =
  /^(RequestTimeout|IncompleteBody|BadDigest|XAmzContentSHA256Mismatch|.*Token.*|Authorization.*|.*Bucket.*|IllegalLocationConstraint.*|InvalidSecurity|InvalidEncryption.*|KMS.*|.*Throttl.*|SlowDown|.*EndpointNotFound.*|InvalidRegion|.*KeyId.*)$/

function isContentRefusal(cause: unknown): boolean {
  const { name, $metadata } = cause as { name?: string; $metadata?: { httpStatusCode?: number } }
  return CONTENT_STATUSES.has($metadata?.httpStatusCode ?? 0) && !NOT_ABOUT_CONTENT.test(name ?? '')
}
