import { type HashRef, hashKey, ImageId, type ImageRef } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObject, getText, putObjectIf } from './objects.ts'

/** An image with the SHA-256 of its bytes, in hex. */
export type HashedImage = ImageRef & HashRef

/** Which of an app's images first had some bytes. The ETag is that of the object that says so. */
export interface KnownBytes {
  /** Undefined if the object cannot be read. */
  imageId: ImageId | undefined
  etag: string
}

/** Undefined if no image is remembered for these bytes. */
export async function findKnownBytes(bucket: Bucket, bytes: HashRef): Promise<KnownBytes | undefined> {
  const found = await getText(bucket, hashKey(bytes))
  if (!found) return undefined
  const imageId = ImageId.safeParse(found.text).data
  if (imageId === undefined) bucket.onUnreadable?.(hashKey(bytes), 'it is not an image id')
  return { imageId, etag: found.etag }
}

/** Unless somebody else has remembered these bytes since `known` was read: then theirs is as good. */
export async function rememberBytes(
  bucket: Bucket,
  image: HashedImage,
  known: KnownBytes | undefined,
): Promise<void> {
  await putObjectIf(bucket, hashKey(image), { Body: image.imageId, ContentType: 'text/plain' }, known)
}

/** When an image is erased, nothing may say any more that it had these bytes. */
export async function forgetBytes(bucket: Bucket, image: HashedImage): Promise<void> {
  const known = await findKnownBytes(bucket, image)
  if (known?.imageId === image.imageId) await deleteObject(bucket, hashKey(image))
}
