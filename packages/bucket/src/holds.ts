import { heldPrefix, holdKey, type ImageRef } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { getDocument } from './documents.ts'
import { everythingOf, heldKeysOf } from './image-objects.ts'
import { copyObject, deleteObject, headObject, listKeys, orUnavailable, putObject } from './objects.ts'

export interface Hold {
  placedAt: string
  reason: string
}

/** Whether a legal hold forbids to erase the image. */
export async function isHeld(bucket: Bucket, image: ImageRef): Promise<boolean> {
  return (await headObject(bucket, holdKey(image))) !== undefined
}

/**
 * Places a hold and copies everything of the image to where no lifecycle rule deletes it. From the first write on it
 * cannot be erased. A second call copies what has come since.
 *
 * @returns how many objects are kept: none, and there is no hold, if the image does not exist or was being erased
 */
export async function placeHold(bucket: Bucket, image: ImageRef, hold: Hold): Promise<number> {
  await putObject(bucket, holdKey(image), {
    Body: JSON.stringify(hold),
    ContentType: 'application/json',
  })
  const keys = heldKeysOf(image, await everythingOf(bucket, image))
  await Promise.all(keys.map((key) => orUnavailable(copyObject(bucket, key, heldPrefix(image) + key))))
  // An erasure that had begun before the hold was there wins.
  if (keys.length > 0 && !(await isErased(bucket, image))) return keys.length
  await releaseHold(bucket, image)
  return 0
}

async function isErased(bucket: Bucket, image: ImageRef): Promise<boolean> {
  return (await getDocument(bucket, image))?.document?.status === 'erased'
}

/** @returns how many copies were deleted */
export async function releaseHold(bucket: Bucket, image: ImageRef): Promise<number> {
  const copies = (await listKeys(bucket, heldPrefix(image))).filter((key) => key !== holdKey(image))
  // The hold itself last: a release that stops half-way can be repeated.
  for (const key of [...copies, holdKey(image)]) await deleteObject(bucket, key)
  return copies.length
}
