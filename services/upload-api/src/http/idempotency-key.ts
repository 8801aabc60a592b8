import { ImageId, ProblemError, timeOf } from '@darkroom/core'

const HOUR = 3_600_000
const MAX_AGE = 24 * HOUR
const MAX_AHEAD = 5 * 60_000

/**
 * The id that the client chose for its image, so that it can repeat the request safely (the header of the
 * IETF draft "The Idempotency-Key HTTP Header Field"; the value may be quoted as a structured-field string).
 *
 * @throws ProblemError `malformed-request` if it is no UUIDv7 of the last 24 hours (at most 5 minutes ahead)
 */
export function readIdempotencyKey(header: string | undefined, now = Date.now()): ImageId | undefined {
  if (header === undefined) return undefined
  const parsed = ImageId.safeParse(
    header
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  )
  if (!parsed.success) {
    throw new ProblemError(
      'malformed-request',
      'Idempotency-Key must be a UUIDv7 (RFC 9562): it becomes the id of the image.',
    )
  }
  const age = now - timeOf(parsed.data).getTime()
  if (age > MAX_AGE || age < -MAX_AHEAD) {
    throw new ProblemError(
      'malformed-request',
      `The time in Idempotency-Key is ${timeOf(parsed.data).toISOString()}; it must lie within the last 24 hours (5 minutes ahead at most). Make a new key for each image.`,
    )
  }
  return parsed.data
}
