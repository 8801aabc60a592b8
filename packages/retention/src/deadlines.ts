import { type AppId, parseStoredKey } from '@darkroom/core'
import { lifecycleRules } from './lifecycle-rules.ts'
import { type AppDays, daysOf, type Retention } from './retention.ts'

const DAY_MS = 86_400_000

/** An image with the time from which its retention counts. The time in its id can be up to 24 hours earlier. */
export interface AcceptedImage {
  app: AppId
  /** ISO 8601. */
  acceptedAt: string
}

/**
 * The time from which an image's original, variants or document are no longer shown or used, whether or not S3 has deleted
 * them yet: the configured number of days after its acceptance.
 */
export function deadlineOf(
  retention: Retention,
  { app, acceptedAt }: AcceptedImage,
  kind: keyof AppDays,
): Date {
  return new Date(Date.parse(acceptedAt) + daysOf(retention, app)[kind] * DAY_MS)
}

/** Whether `deadlineOf` has passed. */
export function isPastDeadline(
  retention: Retention,
  image: AcceptedImage,
  kind: keyof AppDays,
  now = Date.now(),
): boolean {
  return now >= deadlineOf(retention, image, kind).getTime()
}

/**
 * The earliest time at which S3 deletes an object: the configured number of days after it was written, then the next
 * midnight UTC.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
 *
 * @returns undefined for a key without a rule
 */
export function deletionOf(retention: Retention, key: string, lastModified: Date): Date | undefined {
  if (!parseStoredKey(key)) return undefined
  const days = lifecycleRules(retention).flatMap(({ Prefix, ExpirationInDays }) =>
    Prefix !== undefined && key.startsWith(Prefix) ? (ExpirationInDays ?? []) : [],
  )
  const earliest = lastModified.getTime() + Math.min(...days) * DAY_MS
  return new Date(Math.ceil(earliest / DAY_MS) * DAY_MS)
}
