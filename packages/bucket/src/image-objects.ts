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
import { deleteObjects, headObject, listKeys } from './objects.ts'
import { abortMultipartUpload, listMultipartUploads, type MultipartUpload } from './uploads.ts'

/** All that is stored of an image, but for what a legal hold keeps (holds.ts) and the pointer from its hash (hashes.ts). */
export interface ImageObjects {
  document: FoundDocument | undefined
  /** Keys of the image's own objects: original, claim, uploads, variants. Not of its document. */
  keys: string[]
  multipartUploads: MultipartUpload[]
  hasOriginal: boolean
  /** Of the original's bytes, by what the original or the document says. */
  sha256: string | undefined
  /** Whether a client has sent bytes and nothing else has happened yet. */
  isOnlySent: boolean
}

/** Looks for everything at once: two reads, two HEADs and three listings. */
export async function everythingOf(bucket: Bucket, image: ImageRef): Promise<ImageObjects> {
  const [document, original, claim, uploads, multipartUploads, variants] = await Promise.all([
    getDocument(bucket, image),
    headObject(bucket, inputKey(image)),
    headObject(bucket, claimKey(image)),
    listKeys(bucket, uploadPrefix(image)),
    listMultipartUploads(bucket, image),
    listKeys(bucket, processedPrefix(image)),
  ])
  const own = [...(original ? [inputKey(image)] : []), ...(claim ? [claimKey(image)] : []), ...variants]
  return {
    document,
    keys: [...own, ...uploads],
    multipartUploads,
    hasOriginal: original !== undefined,
    sha256: hashOf(document?.document) ?? original?.Metadata?.sha256,
    isOnlySent: !document && own.length === 0 && uploads.length + multipartUploads.length > 0,
  }
}

function hashOf(document: StoredDocument | undefined): string | undefined {
  return document && 'sha256' in document ? document.sha256 : undefined
}

/** Deletes an image's own objects and ends its multipart uploads. The document stays: it is the receipt. */
export async function deleteEverything(
  bucket: Bucket,
  { keys, multipartUploads }: Pick<ImageObjects, 'keys' | 'multipartUploads'>,
): Promise<void> {
  await Promise.all([
    deleteObjects(bucket, keys),
    ...multipartUploads.map((upload) => abortMultipartUpload(bucket, upload)),
  ])
}

/** The keys of all objects that a legal hold keeps: the image's own and its document. */
export function heldKeysOf(image: ImageRef, { document, keys }: ImageObjects): string[] {
  return document ? [metadataKey(image), ...keys] : keys
}
