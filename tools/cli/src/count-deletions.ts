import { listStored } from '@darkroom/bucket'
import { parseStoredKey, StoredKind } from '@darkroom/core'
import { deletionOf, type Retention } from '@darkroom/retention'
import type { Store } from './open-store.ts'

/** The objects of a kind and an app, and how many of them S3 deletes by a date. */
export interface Deletions {
  kind: StoredKind
  /** Undefined for rejected records. */
  app: string | undefined
  objects: number
  bytes: number
  deletedObjects: number
  deletedBytes: number
}

/** Lists the bucket with one request per thousand objects, and uses the time when each object was written. */
export async function countDeletions(
  { bucket }: Store,
  retention: Retention,
  date: Date,
): Promise<Deletions[]> {
  const counts = new Map<string, Deletions>()
  for (const kind of StoredKind.options) {
    for await (const { key, bytes, written } of listStored(bucket, kind)) {
      const deletion = deletionOf(retention, key, written)
      if (!deletion) continue
      const count = countOf(counts, kind, parseStoredKey(key)?.app)
      count.objects += 1
      count.bytes += bytes
      if (deletion > date) continue
      count.deletedObjects += 1
      count.deletedBytes += bytes
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
