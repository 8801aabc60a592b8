import {
  type _Object,
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandInput,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { type Bucket, storageUnavailable, writeFailed } from './bucket.ts'

// Requests by key, for the other files of this package. They are not exported.

/** @throws ProblemError `storage-unavailable` if `request` fails */
export async function orUnavailable<Result>(request: Promise<Result>): Promise<Result> {
  try {
    return await request
  } catch (cause) {
    throw storageUnavailable(cause)
  }
}

/** Undefined if the object does not exist. Without the permission to list its prefix, S3 answers 403 instead. */
export async function headObject(
  bucket: Bucket,
  key: string,
  more: Pick<HeadObjectCommandInput, 'ChecksumMode'> = {},
): Promise<HeadObjectCommandOutput | undefined> {
  const head = new HeadObjectCommand({ Bucket: bucket.name, Key: key, ...more })
  return orUnavailable(orMissing(bucket.s3.send(head)))
}

export interface StoredText {
  text: string
  etag: string
  /** AWS rounds it to seconds. */
  written: Date
  /** Of the object in S3. */
  metadata: Record<string, string>
}

/** Undefined if the object does not exist. */
export function getText(bucket: Bucket, key: string): Promise<StoredText | undefined> {
  return getObject(bucket, key, async ({ Body, ETag = '', LastModified, Metadata = {} }) => ({
    text: (await Body?.transformToString()) ?? '',
    etag: ETag,
    written: LastModified ?? new Date(),
    metadata: Metadata,
  }))
}

/** Reads an object with `read`; undefined if it does not exist. */
export function getObject<Result>(
  bucket: Bucket,
  key: string,
  read: (object: GetObjectCommandOutput) => Promise<Result>,
): Promise<Result | undefined> {
  const get = new GetObjectCommand({ Bucket: bucket.name, Key: key })
  return orUnavailable(orMissing(bucket.s3.send(get).then(read)))
}

async function orMissing<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request
  } catch (error) {
    if (error instanceof NoSuchKey || error instanceof NotFound) return undefined
    throw error
  }
}

export type NewObject = Pick<
  PutObjectCommandInput,
  'Body' | 'ContentType' | 'ContentDisposition' | 'CacheControl' | 'ChecksumSHA256' | 'Metadata'
>

export async function putObject(bucket: Bucket, key: string, object: NewObject): Promise<void> {
  await orUnavailable(bucket.s3.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, ...object })))
}

/** The condition of a write: the object with this ETag must be stored, or none if undefined. */
export interface Expected {
  etag: string
}

export const conditionOf = (expected: Expected | undefined) =>
  expected ? { IfMatch: expected.etag } : { IfNoneMatch: '*' }

const CONFLICT_ATTEMPTS = 5

/**
 * Makes a conditional write ("Conditional writes" in the S3 user guide).
 *
 * @returns false if the condition was not met, or the object to replace or to copy was deleted
 * @throws ProblemError `storage-unavailable`, `malformed-request` if S3 refuses what would be written
 */
export async function tryWrite(write: () => Promise<unknown>): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await write()
      return true
    } catch (cause) {
      const { name, $metadata } = cause as { name: string; $metadata?: { httpStatusCode?: number } }
      if ($metadata?.httpStatusCode === 412 || name === 'NoSuchKey') return false
      // 409: two writers collided, and S3 asks to try again.
      if ($metadata?.httpStatusCode !== 409 || attempt === CONFLICT_ATTEMPTS) throw writeFailed(cause)
    }
  }
}

/** Writes if nothing is stored yet, or over exactly the `expected` object. @returns whether it was written */
export function putObjectIf(
  bucket: Bucket,
  key: string,
  object: NewObject,
  expected: Expected | undefined,
): Promise<boolean> {
  const input = { Bucket: bucket.name, Key: key, ...object, ...conditionOf(expected) }
  return tryWrite(() => bucket.s3.send(new PutObjectCommand(input)))
}

/** Also succeeds if the object does not exist. */
export async function deleteObject(bucket: Bucket, key: string): Promise<void> {
  await orUnavailable(bucket.s3.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key })))
}

export function deleteObjects(bucket: Bucket, keys: string[]): Promise<unknown> {
  return Promise.all(keys.map((key) => deleteObject(bucket, key)))
}

/** Copies within the bucket. Use `tryWrite` for a conditional copy. */
export function copyObject(
  bucket: Bucket,
  from: string,
  to: string,
  more: Omit<CopyObjectCommandInput, 'Bucket' | 'Key' | 'CopySource'> = {},
): Promise<unknown> {
  const source = from.split('/').map(encodeURIComponent).join('/')
  const copy = { Bucket: bucket.name, Key: to, CopySource: `${bucket.name}/${source}`, ...more }
  return bucket.s3.send(new CopyObjectCommand(copy))
}

export interface StoredObject {
  key: string
  bytes: number
  /** AWS rounds it to seconds. */
  written: Date
  etag: string
}

function toStoredObject({
  Key = '',
  Size = 0,
  LastModified = new Date(0),
  ETag = '',
}: _Object): StoredObject {
  return { key: Key, bytes: Size, written: LastModified, etag: ETag }
}

/** Up to `limit` objects (at most 1,000) with a prefix, sorted by key, with one request. */
export async function listPage(
  bucket: Bucket,
  prefix: string,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<{ objects: StoredObject[]; hasMore: boolean }> {
  const list = { Bucket: bucket.name, Prefix: prefix, StartAfter: after, MaxKeys: limit }
  const { Contents = [], IsTruncated = false } = await orUnavailable(
    bucket.s3.send(new ListObjectsV2Command(list)),
  )
  return { objects: Contents.map(toStoredObject), hasMore: IsTruncated }
}

/** All objects with a prefix, sorted by key; S3 lists a thousand per request. */
export async function* listObjects(
  bucket: Bucket,
  prefix: string,
  after?: string,
): AsyncGenerator<StoredObject> {
  const list = { Bucket: bucket.name, Prefix: prefix, StartAfter: after }
  try {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: bucket.s3 }, list)) {
      yield* Contents.map(toStoredObject)
    }
  } catch (cause) {
    throw storageUnavailable(cause)
  }
}

export async function listKeys(bucket: Bucket, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of listObjects(bucket, prefix)) keys.push(key)
  return keys
}

/** The distinct names between `prefix` and the next slash in the keys. */
export async function listFolders(bucket: Bucket, prefix: string): Promise<string[]> {
  const list = { Bucket: bucket.name, Prefix: prefix, Delimiter: '/' }
  const folders: string[] = []
  try {
    for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client: bucket.s3 }, list)) {
      folders.push(...CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(prefix.length, -1)))
    }
  } catch (cause) {
    throw storageUnavailable(cause)
  }
  return folders
}

/**
 * Up to 1,000 distinct names between `prefix` and the next `delimiter` in the keys that sort after `after`, with one
 * request. A name counts as after `after` if one of its keys is.
 */
export async function listNames(
  bucket: Bucket,
  prefix: string,
  { delimiter, after }: { delimiter: string; after: string },
): Promise<string[]> {
  const list = { Bucket: bucket.name, Prefix: prefix, Delimiter: delimiter, StartAfter: after }
  const { CommonPrefixes = [] } = await orUnavailable(bucket.s3.send(new ListObjectsV2Command(list)))
  return CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(prefix.length, -delimiter.length))
}
