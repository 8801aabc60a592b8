import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import { parseMetadataKey } from '@darkroom/core'

const SIDE_BY_SIDE = 32

/** The ETag of each document by its key, as it was when it was read. */
export type Seen = Map<string, string>

/**
 * Every metadata document that has not been seen as it is, as a line of JSON.
 *
 * @param seen gets what is read
 * @param gone loses what is still there
 */
export async function* readDocuments(
  s3: S3Client,
  bucket: string,
  seen: Seen,
  gone: Set<string>,
): AsyncGenerator<string> {
  const list = { Bucket: bucket, Prefix: 'metadata/' }
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    const documents = Contents.filter(({ Key = '' }) => parseMetadataKey(Key))
    for (const { Key = '' } of documents) gone.delete(Key)
    const changed = documents.filter(({ Key = '', ETag }) => seen.get(Key) !== ETag)
    for (let at = 0; at < changed.length; at += SIDE_BY_SIDE) {
      const some = changed.slice(at, at + SIDE_BY_SIDE)
      yield* await Promise.all(some.map(({ Key = '' }) => readDocument(s3, bucket, Key)))
      for (const { Key = '', ETag = '' } of some) seen.set(Key, ETag)
    }
  }
}

async function readDocument(s3: S3Client, bucket: string, key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return `${(await Body?.transformToString())?.trim()}\n`
}
