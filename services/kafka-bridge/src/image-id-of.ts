import { decideImageId, isAccepted } from '@darkroom/bucket'
import { deriveImageId, type ImageId, isPlausibleTime } from '@darkroom/core'
import { bucket } from './clients.ts'
import type { EventIdentity } from './submission.ts'

/**
 * The image id of an event: the same for every delivery, however late it is and whichever is first. It contains the event's
 * time if that was plausible at the first delivery, otherwise the time of that delivery. See decisions/0028-kafka-times.md.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function imageIdOf(event: EventIdentity, now = Date.now()): Promise<ImageId> {
  const time = (await isBelieved(event, now)) ? event.time : new Date(now)
  return decideImageId(bucket, { app: event.app, imageId: deriveImageId({ ...event, time }) })
}

/** An image may have been accepted under an old time before decisions were remembered. */
async function isBelieved(event: EventIdentity, now: number): Promise<boolean> {
  if (isPlausibleTime(event.time, now)) return true
  const isPast = event.time.getTime() >= 0 && event.time.getTime() < now
  return isPast && isAccepted(bucket, { app: event.app, imageId: deriveImageId(event) })
}
