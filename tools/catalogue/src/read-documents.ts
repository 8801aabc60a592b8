import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import { parseMetadataKey, readDocument } from '@darkroom/core'
import { pMapIterable } from 'p-map'

const MAX_CONCURRENT_READS = 32

/** The ETag of each document that was read, by its key. */
export type Seen = Map<string, string>

/** The reason why a document cannot be read, by its key. */
export type Unreadable = Map<string, string>

/**
 * Reads every new or changed metadata document, as a line of JSON.
 *
 * @param seen documents that are read are added
 * @param deleted documents that still exist are removed
 * @param unreadable documents that are skipped are added; those that can be read now are removed
 */
export async function* readDocuments(
  s3: S3Client,
  bucket: string,
  seen: Seen,
  deleted: Set<string>,
  unreadable: Unreadable,
): AsyncGenerator<string> {
  const list = { Bucket: bucket, Prefix: 'metadata/' }
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    const documents = Contents.filter(({ Key = '' }) => parseMetadataKey(Key))
    for (const { Key = '' } of documents) deleted.delete(Key)
    const changed = documents.filter(({ Key = '', ETag }) => seen.get(Key) !== ETag)
    const texts = pMapIterable(
      changed,
      async ({ Key = '', ETag = '' }) => ({ key: Key, etag: ETag, text: await getText(s3, bucket, Key) }),
      { concurrency: MAX_CONCURRENT_READS },
    )
    for await (const { key, etag, text } of texts) {
      yield* lineOf(key, text, unreadable)
      seen.set(key, etag)
    }
  }
}

function lineOf(key: string, text: string, unreadable: Unreadable): string[] {
  const image = parseMetadataKey(key)
  const reason = image ? readDocument(text, image).unreadable : 'the key is not that of a document'
  if (reason !== undefined) {
    unreadable.set(key, reason)
    return []
  }
  unreadable.delete(key)
  return [`${JSON.stringify(JSON.parse(text))}\n`]
}

async function getText(s3: S3Client, bucket: string, key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return (await Body?.transformToString()) ?? ''
}
