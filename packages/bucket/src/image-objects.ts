import {
  claimKey,
  type ImageRef,
  inputKey,
  metadataKey,
  processedPrefix,
  type StoredDocument,
  uploadPrefix,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { type FoundDocument, getDocument } from './documents.ts'
import { listLinks } from './links.ts'
import { deleteObjects, headObject, listKeys } from './objects.ts'
import { findOriginal, type StoredOriginal } from './originals.ts'
import { abortMultipartUpload, listMultipartUploads, type MultipartUpload } from './uploads.ts'

/**
 * Everything stored for an image, except copies under a legal hold (holds.ts), the entry for its hash (hashes.ts), its place
 * in the chain of receipts (receipts.ts) and the id of its event (events.ts). That id stays as long as the receipt of an erasure, because without it a record that Kafka
 * delivers again would be a new image.
 */
export interface ImageObjects {
  document: FoundDocument | undefined
  /** Keys of the image's objects (original, claims, uploads, variants, rejected records), without its document. */
  keys: string[]
  /** Keys that name some of these objects. */
  links: string[]
  multipartUploads: MultipartUpload[]
  original: StoredOriginal | undefined
  /** SHA-256 of the original, from its document or its metadata. */
  sha256: string | undefined
}

/**
 * Finds everything: one read, two HEADs and four listings, in parallel. If there seems to be no image, it may have moved
 * meanwhile from upload to original, or from original to the receipt of its erasure, so these are read again in that order.
 */
export async function everythingOf(bucket: Bucket, image: ImageRef): Promise<ImageObjects> {
  const found = await findObjects(bucket, image)
  if (found.document || found.original) return found
  const original = await headObject(bucket, inputKey(image))
  const document = await getDocument(bucket, image)
  return original || document ? findObjects(bucket, image) : found
}

async function findObjects(bucket: Bucket, image: ImageRef): Promise<ImageObjects> {
  const [document, original, claim, uploads, multipartUploads, variants, links] = await Promise.all([
    getDocument(bucket, image),
    findOriginal(bucket, image),
    headObject(bucket, claimKey(image)),
    listKeys(bucket, uploadPrefix(image)),
    listMultipartUploads(bucket, image),
    listKeys(bucket, processedPrefix(image)),
    listLinks(bucket, image),
  ])
  const own = [...(original ? [inputKey(image)] : []), ...(claim ? [claimKey(image)] : []), ...variants]
  return {
    document,
    keys: [...own, ...uploads, ...links.map(({ target }) => target)],
    links: links.map(({ key }) => key),
    multipartUploads,
    original,
    sha256: hashOf(document?.document) ?? original?.sha256,
  }
}

function hashOf(document: StoredDocument | undefined): string | undefined {
  return document && 'sha256' in document ? document.sha256 : undefined
}

/**
 * Deletes an image's objects and aborts its multipart uploads. The document stays: it is the receipt. Links are deleted last,
 * so that a deletion that stops can be repeated.
 */
export async function deleteEverything(
  bucket: Bucket,
  { keys, links, multipartUploads }: Pick<ImageObjects, 'keys' | 'links' | 'multipartUploads'>,
): Promise<void> {
  await Promise.all([
    deleteObjects(bucket, keys),
    ...multipartUploads.map((upload) => abortMultipartUpload(bucket, upload)),
  ])
  await deleteObjects(bucket, links)
}

/** The keys of all objects that a legal hold keeps: the image's objects and its document. */
export function heldKeysOf(image: ImageRef, { document, keys }: ImageObjects): string[] {
  return document ? [metadataKey(image), ...keys] : keys
}
