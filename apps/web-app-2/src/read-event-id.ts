import { ImageId, newImageId, ProblemError, timeOf } from '@darkroom/core'

const HOUR = 3_600_000
const MAX_AGE = 24 * HOUR
const MAX_AHEAD = 5 * 60_000

/**
 * The event's id: the client's `Idempotency-Key`, or a new one. It is a UUIDv7, so that it gives the event's
 * time too and the same key always makes the same event, and with it the same image.
 *
 * @throws ProblemError `malformed-request` if the key is no UUIDv7 of the last 24 hours (at most 5 minutes ahead)
 */
export function readEventId(header: string | string[] | undefined, now = Date.now()): ImageId {
  if (header === undefined) return newImageId(new Date(now))
  const key = ImageId.safeParse(
    String(header)
      .trim()
      .replace(/^"(.*)"$/, '$1')
      .toLowerCase(),
  )
  if (!key.success) {
    throw new ProblemError('malformed-request', 'Idempotency-Key must be a UUIDv7 (RFC 9562).')
  }
  const age = now - timeOf(key.data).getTime()
  if (age <= MAX_AGE && age >= -MAX_AHEAD) return key.data
  throw new ProblemError(
    'malformed-request',
    `The time in Idempotency-Key is ${timeOf(key.data).toISOString()}; it must lie within the last 24 hours (5 minutes ahead at most).`,
  )
}
