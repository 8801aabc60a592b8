import { heldPrefix, holdKey, type ImageRef, ProblemError } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { getDocument } from './documents.ts'
import { isErasing } from './erasures.ts'
import { everythingOf, heldKeysOf } from './image-objects.ts'
import { copyObject, deleteObject, headObject, listKeys, orUnavailable, putObject } from './objects.ts'

export interface Hold {
  placedAt: string
  reason: string
}

/** Whether the image is under a legal hold and must not be erased. */
export async function isHeld(bucket: Bucket, image: ImageRef): Promise<boolean> {
  return (await headObject(bucket, holdKey(image))) !== undefined
}

/**
 * Places a hold, then copies all objects of the image to a prefix without lifecycle rules. The image cannot be erased once
 * the hold is placed. Another call copies the objects that were added since.
 *
 * An erasure first marks itself, then looks for a hold; this first writes the hold, then looks for marks and a receipt. So at
 * least one of the two sees the other, and nothing is copied of an image that is being erased.
 *
 * @returns the number of objects kept; 0 if the image does not exist or is being erased, and then there is no new hold
 * @throws ProblemError `storage-unavailable`, also if the image has a hold and is being erased: it is known later which of both stays
 */
export async function placeHold(bucket: Bucket, image: ImageRef, hold: Hold): Promise<number> {
  const wasHeld = await isHeld(bucket, image)
  await putObject(bucket, holdKey(image), {
    Body: JSON.stringify(hold),
    ContentType: 'application/json',
  })
  const isBeingErased = await isErasing(bucket, image)
  // The hold that was there may be what an interrupted call left, which the erasure did not see, or one that it will see.
  if (isBeingErased && wasHeld) throw erasureUnderWay()
  const isLost = isBeingErased || (await isErased(bucket, image))
  const keys = isLost ? [] : heldKeysOf(image, await everythingOf(bucket, image))
  if (keys.length === 0) {
    await releaseHold(bucket, image)
    return 0
  }
  await Promise.all(keys.map((key) => orUnavailable(copyObject(bucket, key, heldPrefix(image) + key))))
  if (await isHeld(bucket, image)) return keys.length
  // Released meanwhile: a copy without its hold would stay for ever.
  await releaseHold(bucket, image)
  return 0
}

function erasureUnderWay(): ProblemError {
  const detail = 'An erasure of the image has begun and not ended. Try again in a few minutes.'
  return new ProblemError('storage-unavailable', detail)
}

async function isErased(bucket: Bucket, image: ImageRef): Promise<boolean> {
  return (await getDocument(bucket, image))?.document?.status === 'erased'
}

/** @returns the number of copies deleted */
export async function releaseHold(bucket: Bucket, image: ImageRef): Promise<number> {
  const copies = (await listKeys(bucket, heldPrefix(image))).filter((key) => key !== holdKey(image))
  // The hold itself is deleted last, so a release that was interrupted can be repeated.
  for (const key of [...copies, holdKey(image)]) await deleteObject(bucket, key)
  return copies.length
}
