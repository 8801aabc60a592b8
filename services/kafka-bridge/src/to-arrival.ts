import type { Arrival } from '@darkroom/intake'
import { claimedKey } from './claimed-key.ts'
import { env } from './environment.ts'
import type { Submission } from './submission.ts'

/**
 * As the intake takes it: an image that is only referred to stays where it lies.
 *
 * @throws ProblemError `malformed-request` (what is not the app's to refer to)
 */
export function toArrival(submission: Submission): Arrival {
  if ('bytes' in submission) return submission
  const { ref, ...image } = submission
  const key = claimedKey(ref, image.app, { bucket: env.BUCKET, prefixes: env.CLAIM_PREFIXES })
  return { ...image, stored: { key } }
}
