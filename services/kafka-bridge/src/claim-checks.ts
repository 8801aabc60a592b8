import { type AppId, ProblemError, parseS3Uri, storedPrefix } from '@darkroom/core'
import type { Arrival } from '@darkroom/intake'
import type { Submission } from './submission.ts'

/** S3's limit for a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024

/**
 * Resolves a claim check. The intake copies the object that it refers to.
 *
 * @throws ProblemError `malformed-request` if the app is not allowed to refer to the object
 */
export function toArrival(submission: Submission, bucket: string): Arrival {
  if ('bytes' in submission) return submission
  const { ref, ...image } = submission
  return { ...image, stored: { key: claimedKey(ref, image.app, bucket) } }
}

/**
 * The key of the object that a claim check refers to: one of the app's own claims. S3 uses keys literally, so
 * `..` has no meaning there; it is refused anyway, in case something between us and S3 resolves it.
 *
 * @throws ProblemError `malformed-request`
 */
export function claimedKey(ref: string, app: AppId, bucket: string): string {
  const prefix = storedPrefix('claims', app)
  const object = parseS3Uri(ref)
  if (!object || object.bucket !== bucket || !object.key.startsWith(prefix)) {
    throw new ProblemError('malformed-request', `data.ref must start with s3://${bucket}/${prefix}.`)
  }
  if (!isPlain(object.key)) {
    throw new ProblemError(
      'malformed-request',
      `data.ref must not contain a "." or ".." segment, a control character, or a key of more than ${MAX_KEY_BYTES} bytes.`,
    )
  }
  return object.key
}

/** Whether S3 accepts such a key: a request that S3 refuses would be retried without end. */
function isPlain(key: string): boolean {
  if (!key.isWellFormed() || /\p{Cc}/u.test(key) || Buffer.byteLength(key) > MAX_KEY_BYTES) return false
  return !key.split('/').some((segment) => segment === '.' || segment === '..')
}
