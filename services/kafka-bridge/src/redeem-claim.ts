import type { Readable } from 'node:stream'
import { GetObjectCommand, InvalidObjectState, NoSuchKey } from '@aws-sdk/client-s3'
import { ProblemError } from '@darkroom/core'
import type { Arrival } from '@darkroom/intake'
import { claimedKey } from './claimed-key.ts'
import { s3 } from './clients.ts'
import { env } from './env.ts'
import type { Submission } from './submission.ts'

/** The largest object that a claim check may refer to. */
const MAX_CLAIM_BYTES = 50 * 1024 * 1024

/**
 * Fetches the bytes of an image that is only referred to; one that has its bytes is left as it is.
 *
 * @throws ProblemError `malformed-request` (what is not the app's to refer to), `source-expired`,
 *   `payload-too-large`, `storage-unavailable`
 */
export async function redeemClaim(submission: Submission): Promise<Arrival> {
  if ('bytes' in submission) return submission
  const { ref, ...image } = submission
  const key = claimedKey(ref, image.app, { bucket: env.BUCKET, prefixes: env.CLAIM_PREFIXES })
  return { ...image, bytes: await getClaim(key) }
}

async function getClaim(key: string): Promise<Uint8Array> {
  try {
    const { Body, ContentLength = 0 } = await s3.send(new GetObjectCommand({ Bucket: env.BUCKET, Key: key }))
    if (!Body) return Buffer.of()
    if (ContentLength <= MAX_CLAIM_BYTES) return await Body.transformToByteArray()
    // The size comes ahead of the bytes; these are never read.
    const unread = Body as Readable
    unread.destroy()
  } catch (cause) {
    if (cause instanceof NoSuchKey || cause instanceof InvalidObjectState) {
      throw new ProblemError('source-expired', 'data.ref leads to no object, or to an archived one.', {
        cause,
      })
    }
    throw new ProblemError('storage-unavailable', 'The object of data.ref could not be read.', { cause })
  }
  throw new ProblemError('payload-too-large', 'The object of data.ref has more than 50 MB.')
}
