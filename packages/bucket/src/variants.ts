import { GetObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import {
  type ImageRef,
  parseProcessedKey,
  processedKey,
  processedPrefix,
  type StoredDocument,
  type VariantRef,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { getDocument } from './documents.ts'
import { deleteObjects, listObjects, putObject, type StoredObject } from './objects.ts'

/**
 * The bytes under a variant's key never change, so browsers may cache it and need not ask again. A day, because it stays in their caches when it is
 * erased.
 */
const CACHE_CONTROL = 'private, max-age=86400, immutable'

/** @returns its key */
export async function putVariant(
  bucket: Bucket,
  variant: VariantRef,
  data: Uint8Array,
  contentType: string,
): Promise<string> {
  const key = processedKey(variant)
  await putObject(bucket, key, {
    Body: data,
    ContentType: contentType,
    CacheControl: CACHE_CONTROL,
    // Whoever saves it gets a name of ours; the sender's is in no header.
    ContentDisposition: `inline; filename="${variant.imageId}-${variant.variant}.${variant.extension}"`,
  })
  return key
}

/** Longer than an attempt can take: one that began so long ago is over, and has committed its variants or never will. */
const SETTLED_MS = 120_000

/**
 * Deletes variants that the document does not list, after a crash or a lost race. No attempt can commit them any more if
 * they are old, or `done`, or of the preset that the document has. Each attempt writes keys of its own, so what is deleted is
 * never written again.
 *
 * @param done keys
 * @returns false if an attempt that began before the document was written can still write variants, or commit those that it has
 * written: look again after two minutes
 */
export async function tidyVariants(
  bucket: Bucket,
  image: ImageRef,
  done: readonly string[] = [],
): Promise<boolean> {
  const settledBefore = Date.now() - SETTLED_MS
  const isOld = ({ written }: { written: Date }) => written.getTime() < settledBefore
  const variants: StoredObject[] = []
  for await (const variant of listObjects(bucket, processedPrefix(image))) variants.push(variant)
  // After the listing: whoever wrote these variants had read this document before, or an earlier one.
  const found = await getDocument(bucket, image)
  const document = found?.document
  // Whoever writes the document tidies, and one that cannot be read lists nobody knows what.
  if (!document || document.status === 'unknown') return true
  const listed = document.status === 'processed' ? document.variants : []
  const keep = new Set(listed.map(({ key }) => key))
  const unlisted = variants.filter(({ key }) => !keep.has(key))
  const left = unlisted.filter(
    (variant) => done.includes(variant.key) || isOld(variant) || hasPresetOf(document, variant),
  )
  await deleteObjects(
    bucket,
    left.map(({ key }) => key),
  )
  return left.length === unlisted.length && isOld(found)
}

/** An image is not developed again by the preset that it has, and a document that was read before can no longer be replaced. */
function hasPresetOf(document: StoredDocument, { key }: StoredObject): boolean {
  if (document.status !== 'processed') return false
  const { development } = parseProcessedKey(key) ?? {}
  return development?.replace(/^[0-9a-f]+-/, '') === `${document.preset}-v${document.preset_version}`
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
