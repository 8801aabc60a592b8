import {
  type ImageRef,
  metadataKey,
  type ReadDocument,
  readDocument,
  type StoredDocument,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { type Expected, getText, putObjectIf } from './objects.ts'

/**
 * A stored metadata document, or the reason why it is `unreadable`, for a log. An unreadable document can still be
 * replaced, by its ETag.
 */
export type FoundDocument = ReadDocument & { etag: string; written: Date }

/** Undefined while the image is not finished. */
export async function getDocument(bucket: Bucket, image: ImageRef): Promise<FoundDocument | undefined> {
  const found = await getText(bucket, metadataKey(image))
  if (!found) return undefined
  const read = readDocument(found.text, image)
  if (read.unreadable !== undefined) bucket.onUnreadable?.(metadataKey(image), read.unreadable)
  for (const key of read.foreignKeys ?? []) {
    bucket.onUnreadable?.(metadataKey(image), `its variant is not of this image: ${key}`)
  }
  return { ...read, etag: found.etag, written: found.written }
}

/** The stored text of a document, unparsed; undefined if it was deleted since it was listed. */
export async function getDocumentText(bucket: Bucket, key: string): Promise<string | undefined> {
  return (await getText(bucket, key))?.text
}

/**
 * Writes a document: a new one, or over exactly the `replaced` one.
 *
 * @returns false if another writer was faster: read the document again
 */
export function putDocument(
  bucket: Bucket,
  document: Exclude<StoredDocument, { status: 'unknown' }>,
  replaced?: Expected,
): Promise<boolean> {
  const key = metadataKey({ app: document.app, imageId: document.image_id })
  const object = { Body: `${JSON.stringify(document)}\n`, ContentType: 'application/json' }
  return putObjectIf(bucket, key, object, replaced)
}
