import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { type ImageRef, processedKey, processedPrefix, type VariantRef } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObjects, listObjects, putObject, type StoredObject } from './objects.ts'

/** The bytes under a variant's key never change, so browsers may cache it. */
const CACHE_CONTROL = 'private, max-age=86400'

/** @returns its key */
export async function putVariant(
  bucket: Bucket,
  variant: VariantRef,
  data: Uint8Array,
  contentType: string,
): Promise<string> {
  const key = processedKey(variant)
  await putObject(bucket, key, { Body: data, ContentType: contentType, CacheControl: CACHE_CONTROL })
  return key
}

/** All stored variants of an image, whether or not its document lists them. */
export async function listVariants(bucket: Bucket, image: ImageRef): Promise<StoredObject[]> {
  const variants: StoredObject[] = []
  for await (const variant of listObjects(bucket, processedPrefix(image))) variants.push(variant)
  return variants
}

export async function deleteVariants(bucket: Bucket, keys: string[]): Promise<void> {
  await deleteObjects(bucket, keys)
}

const HALF_HOUR_SECONDS = 1_800
const VALID_SECONDS = 4 * HALF_HOUR_SECONDS

/**
 * A presigned GET of a variant, valid for 90 minutes to two hours, but not beyond `until`. Its signing date is the last
 * half hour, so the URL of a variant stays the same for half an hour, and browsers and ETags can rely on it.
 */
export function signVariant(bucket: Bucket, key: string, until: Date, now = Date.now()): Promise<string> {
  const signingDate = new Date(now - (now % (HALF_HOUR_SECONDS * 1000)))
  const secondsLeft = Math.ceil((until.getTime() - signingDate.getTime()) / 1000)
  const get = new GetObjectCommand({ Bucket: bucket.name, Key: key })
  return getSignedUrl(bucket.s3, get, { expiresIn: Math.min(VALID_SECONDS, secondsLeft), signingDate })
}
