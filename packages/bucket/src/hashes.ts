import { type HashRef, hashKey, ImageId, type ImageRef } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObject, getText, putObjectIf } from './objects.ts'

/** An image with the SHA-256 of its bytes, in hex. */
export type HashedImage = ImageRef & HashRef

/** An app's first image with certain bytes. The ETag is of the object in `hashes/`. */
export interface KnownBytes {
  /** Undefined if the object cannot be read. */
  imageId: ImageId | undefined
  etag: string
}

/** Undefined if no image is stored for these bytes. */
export async function findKnownBytes(bucket: Bucket, bytes: HashRef): Promise<KnownBytes | undefined> {
  const found = await getText(bucket, hashKey(bytes))
  if (!found) return undefined
  const imageId = ImageId.safeParse(found.text).data
  if (imageId === undefined) bucket.onUnreadable?.(hashKey(bytes), 'it is not an image id')
  return { imageId, etag: found.etag }
}

/** Stores the image for its bytes. If another writer was faster since `known` was read, that entry stays. */
export async function rememberBytes(
  bucket: Bucket,
  image: HashedImage,
  known: KnownBytes | undefined,
): Promise<void> {
  await putObjectIf(bucket, hashKey(image), { Body: image.imageId, ContentType: 'text/plain' }, known)
}

/** Deletes the entry if it names this image: an erased image must not answer for its bytes. */
export async function forgetBytes(bucket: Bucket, image: HashedImage): Promise<void> {
  const known = await findKnownBytes(bucket, image)
  if (known?.imageId === image.imageId) await deleteObject(bucket, hashKey(image))
}
