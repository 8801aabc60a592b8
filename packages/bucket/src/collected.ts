import { gzipSync } from 'node:zlib'
import { type CollectedRef, collectedKey, collectedPrefix, parseCollectedKey } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { listObjects, putObject } from './objects.ts'

/** Writes a file of collected events, one line each. @throws ProblemError `storage-unavailable` */
export async function putCollected(bucket: Bucket, ref: CollectedRef, lines: string[]): Promise<number> {
  const Body = gzipSync(lines.join(''))
  await putObject(bucket, collectedKey(ref), { Body, ContentType: 'application/gzip' })
  return Body.length
}

/** A stored file of collected events. */
export interface CollectedFile extends CollectedRef {
  key: string
  bytes: number
}

/** The files of a kind that were collected after a time, the oldest first. Undefined lists all. */
export async function* listCollected(
  bucket: Bucket,
  kind: string,
  after?: string,
): AsyncGenerator<CollectedFile> {
  const from = after === undefined ? undefined : collectedKey({ kind, time: after, file: 'ffffffff' })
  for await (const { key, bytes } of listObjects(bucket, collectedPrefix(kind), from)) {
    const ref = parseCollectedKey(key)
    if (ref) yield { ...ref, key, bytes }
  }
}
