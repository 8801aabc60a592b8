import { claimKey, type ImageRef } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { linkObject } from './links.ts'
import { headObject, putObjectIf } from './objects.ts'

/** An image that is too large for a Kafka record; the record refers to it. */
export interface Claim extends ImageRef {
  bytes: Uint8Array
  contentType: string
  /** In hex. */
  sha256: string
}

/** @returns whether exactly these bytes are stored for the image, by this call or an earlier one */
export async function createClaim(bucket: Bucket, claim: Claim): Promise<boolean> {
  const { bytes, contentType, sha256 } = claim
  const object = {
    Body: bytes,
    ContentType: contentType,
    ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    Metadata: { sha256 },
  }
  if (await putObjectIf(bucket, claimKey(claim), object, undefined)) return true
  const stored = await headObject(bucket, claimKey(claim))
  return stored?.Metadata?.sha256 === sha256
}

/** Remembers the claim of an image. A claim that has the image's own key is found without that. */
export async function linkClaim(bucket: Bucket, image: ImageRef, key: string): Promise<void> {
  if (key !== claimKey(image)) await linkObject(bucket, image, key)
}
