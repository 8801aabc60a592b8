import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { s3 } from '../clients.ts'
import { env } from '../environment.ts'

const HALF_HOUR = 1_800
const VALID_SECONDS = 4 * HALF_HOUR

/**
 * A presigned GET of an object, valid for between 90 minutes and two hours, and not beyond `until`. Signed as of the
 * last half hour, so that within it the same object has the same URL and browsers and ETags can rely on it.
 */
export function signedUrl(key: string, until: Date, now = Date.now()): Promise<string> {
  const signingDate = new Date(now - (now % (HALF_HOUR * 1000)))
  const left = Math.ceil((until.getTime() - signingDate.getTime()) / 1000)
  const get = new GetObjectCommand({ Bucket: env.BUCKET, Key: key })
  return getSignedUrl(s3, get, { expiresIn: Math.min(VALID_SECONDS, left), signingDate })
}
