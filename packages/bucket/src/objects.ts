import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  NoSuchKey,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { type Bucket, storageUnavailable } from './bucket.ts'

// Single requests by key, for the files beside this one. The package does not export them.

/** @throws ProblemError `storage-unavailable` for whatever `request` throws */
async function stored<Result>(request: Promise<Result>): Promise<Result> {
  try {
    return await request
  } catch (cause) {
    throw storageUnavailable(cause)
  }
}

export interface StoredText {
  text: string
  etag: string
}

/** Undefined if the object does not exist. */
export function getText(bucket: Bucket, key: string): Promise<StoredText | undefined> {
  return getObject(bucket, key, async ({ Body, ETag = '' }) => ({
    text: (await Body?.transformToString()) ?? '',
    etag: ETag,
  }))
}

/** Reads an object with `read`; undefined if it does not exist. */
function getObject<Result>(
  bucket: Bucket,
  key: string,
  read: (object: GetObjectCommandOutput) => Promise<Result>,
): Promise<Result | undefined> {
  const get = new GetObjectCommand({ Bucket: bucket.name, Key: key })
  return stored(orMissing(bucket.s3.send(get).then(read)))
}

async function orMissing<Result>(request: Promise<Result>): Promise<Result | undefined> {
  try {
    return await request
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

type NewObject = Pick<
  PutObjectCommandInput,
  'Body' | 'ContentType' | 'CacheControl' | 'ChecksumSHA256' | 'Metadata'
>

/** What must be stored for a write to happen: the object with this ETag, or none. */
export interface Expected {
  etag: string
}

const conditionOf = (expected: Expected | undefined) =>
  expected ? { IfMatch: expected.etag } : { IfNoneMatch: '*' }

const CONFLICT_ATTEMPTS = 5

/**
 * Makes a conditional write ("Conditional writes" in the S3 user guide).
 *
 * @returns whether it took place. False: the condition did not hold, or the object to replace or to copy from is gone.
 */
async function tryWrite(write: () => Promise<unknown>): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await write()
      return true
    } catch (cause) {
      const { name, $metadata } = cause as { name: string; $metadata?: { httpStatusCode?: number } }
      if ($metadata?.httpStatusCode === 412 || name === 'NoSuchKey') return false
      // 409: S3 could not decide between two writers, and asks to try again.
      if ($metadata?.httpStatusCode !== 409 || attempt === CONFLICT_ATTEMPTS) throw storageUnavailable(cause)
    }
  }
}

/** @returns whether it was written: only where nothing is stored yet, or over exactly what was `expected`. */
export function putObjectIf(
  bucket: Bucket,
  key: string,
  object: NewObject,
  expected: Expected | undefined,
): Promise<boolean> {
  const input = { Bucket: bucket.name, Key: key, ...object, ...conditionOf(expected) }
  return tryWrite(() => bucket.s3.send(new PutObjectCommand(input)))
}
