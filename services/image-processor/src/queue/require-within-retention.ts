import { type ImageRef, ProblemError } from '@darkroom/core'
import { isPastDeadline } from '@darkroom/retention'
import { env } from '../environment.ts'

/**
 * An original past its time is not used any more, whether or not S3 has deleted it yet.
 *
 * @throws ProblemError `source-expired`
 */
export function requireWithinRetention(image: ImageRef): void {
  if (!isPastDeadline(env.RETENTION, image, 'input')) return
  throw new ProblemError(
    'source-expired',
    'The retention of the original ended before it was processed. Upload it again.',
  )
}
