import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { parseStoredKey, StoredKind, storedPrefix } from '@darkroom/core'
import { deletionOf, type Retention } from '@darkroom/retention'
import type { Store } from './open-store.ts'

/** Objects of a kind and an app, and those that S3 will have deleted by a date. */
export interface Deletions {
  kind: StoredKind
  /** Undefined for rejected records. */
  app: string | undefined
  objects: number
  bytes: number
  deletedObjects: number
  deletedBytes: number
}

/** Lists the bucket, a thousand objects a request, and goes by when each object was written. */
export async function countDeletions(
  { s3, bucket }: Store,
  retention: Retention,
  date: Date,
): Promise<Deletions[]> {
  const counts = new Map<string, Deletions>()
  for (const kind of StoredKind.options) {
    const list = { Bucket: bucket, Prefix: storedPrefix(kind) }
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, list)) {
      for (const { Key = '', Size = 0, LastModified = new Date(0) } of Contents) {
        const deletion = deletionOf(retention, Key, LastModified)
        if (!deletion) continue
        const count = countOf(counts, kind, parseStoredKey(Key)?.app)
        count.objects += 1
        count.bytes += Size
        if (deletion > date) continue
        count.deletedObjects += 1
        count.deletedBytes += Size
      }
    }
  }
  return [...counts.values()]
}

function countOf(counts: Map<string, Deletions>, kind: StoredKind, app: string | undefined): Deletions {
  const name = `${kind}/${app}`
  const count = counts.get(name) ?? { kind, app, objects: 0, bytes: 0, deletedObjects: 0, deletedBytes: 0 }
  counts.set(name, count)
  return count
}
