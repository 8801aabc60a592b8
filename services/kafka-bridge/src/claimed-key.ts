import { type AppId, ProblemError, parseS3Uri } from '@darkroom/core'

/** What S3 takes as a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024

export interface ClaimRules {
  bucket: string
  /** Where an app's claims lie; each ends with a slash, so that no app's prefix reaches into another's. */
  prefixes: Record<AppId, string>
}

/**
 * The key of the object that a claim check refers to, if that app may refer to it. S3 takes keys literally, so
 * `..` leads nowhere; it is refused all the same, in case something between us and S3 does not.
 *
 * @throws ProblemError `malformed-request`
 */
export function claimedKey(ref: string, app: AppId, { bucket, prefixes }: ClaimRules): string {
  const prefix = prefixes[app]
  if (!prefix)
    throw new ProblemError('malformed-request', `The app ${app} is not allowed to reference objects in S3.`)
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

/** Whether S3 can have such a key: one that it refuses would be asked for again and again. */
function isPlain(key: string): boolean {
  if (!key.isWellFormed() || /\p{Cc}/u.test(key) || Buffer.byteLength(key) > MAX_KEY_BYTES) return false
  return !key.split('/').some((segment) => segment === '.' || segment === '..')
}
