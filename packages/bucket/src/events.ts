import { eventKey, eventOf, ImageId, type ImageRef } from '@darkroom/core'
import { type Bucket, storageUnavailable } from './bucket.ts'
import { getText, putObjectIf } from './objects.ts'

/**
 * Decides the image id of an event, once: the first caller's id stays. `image` has the id that this caller proposes.
 *
 * @returns the id that was decided
 */
export async function decideImageId(bucket: Bucket, image: ImageRef): Promise<ImageId> {
  if (await writeDecision(bucket, image)) return image.imageId
  const first = await readDecision(bucket, image)
  if (first?.imageId) return first.imageId
  // It was deleted or cannot be read.
  if (await writeDecision(bucket, image, first?.etag)) return image.imageId
  throw storageUnavailable(new Error(`${eventKey(eventOf(image))} changed while it was written`))
}

/** The id that was decided for the event from which this id was derived, at whatever time; undefined if there is none. */
export async function findDecidedId(bucket: Bucket, image: ImageRef): Promise<ImageId | undefined> {
  return (await readDecision(bucket, image))?.imageId
}

function writeDecision(bucket: Bucket, image: ImageRef, etag?: string): Promise<boolean> {
  const object = { Body: image.imageId, ContentType: 'text/plain' }
  return putObjectIf(bucket, eventKey(eventOf(image)), object, etag === undefined ? undefined : { etag })
}

/** The id that was decided for the event of an image, whatever the time in the image's own id. */
async function readDecision(bucket: Bucket, image: ImageRef) {
  const event = eventOf(image)
  const found = await getText(bucket, eventKey(event))
  if (!found) return undefined
  const imageId = ImageId.safeParse(found.text).data
  const isOfEvent = imageId !== undefined && eventOf({ ...image, imageId }).digest === event.digest
  if (!isOfEvent) bucket.onUnreadable?.(eventKey(event), 'it is not an id of this event')
  return { imageId: isOfEvent ? imageId : undefined, etag: found.etag }
}
