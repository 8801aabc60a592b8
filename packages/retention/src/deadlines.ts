import { type ImageRef, parseStoredKey, timeOf } from '@darkroom/core'
import { lifecycleRules } from './lifecycle-rules.ts'
import { type AppDays, daysOf, type Retention } from './retention.ts'

const DAY = 86_400_000

/**
 * From when on an image's original, variants or document are not shown or used any more, whether or not S3 has
 * deleted them yet: so many days after its acceptance, which is the id's time.
 */
export function deadlineOf(retention: Retention, { app, imageId }: ImageRef, kind: keyof AppDays): Date {
  return new Date(timeOf(imageId).getTime() + daysOf(retention, app)[kind] * DAY)
}

/** Whether that is past. */
export function isPastDeadline(
  retention: Retention,
  image: ImageRef,
  kind: keyof AppDays,
  now = Date.now(),
): boolean {
  return now >= deadlineOf(retention, image, kind).getTime()
}

/**
 * When S3 deletes an object, at the earliest: so many days after it was written, and then the next midnight UTC.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
 *
 * @returns undefined for a key that no rule speaks of
 */
export function deletionOf(retention: Retention, key: string, lastModified: Date): Date | undefined {
  if (!parseStoredKey(key)) return undefined
  const days = lifecycleRules(retention).flatMap(({ Prefix, ExpirationInDays }) =>
    Prefix !== undefined && key.startsWith(Prefix) ? (ExpirationInDays ?? []) : [],
  )
  const earliest = lastModified.getTime() + Math.min(...days) * DAY
  return new Date(Math.ceil(earliest / DAY) * DAY)
}
