import type { SmallObjects } from '@darkroom/bucket/small-objects'
import { credentialKey, type KeyRecord, lastUseKey, parseKeyRecord } from '@darkroom/core/api-key'

/** A revoked key is refused at most this long after it was revoked. */
const KEPT_MS = 45_000
/** A new key works at most this long after it was asked for in vain. */
const ABSENT_KEPT_MS = 5_000
/** A record takes some hundred bytes. */
const MAX_KEPT = 10_000
/** Of ids that a stranger can make up. */
const MAX_ABSENT_KEPT = 1_000

/** The records of API keys, each kept for less than a minute by this instance of the function. */
export function openKeyRecords(objects: SmallObjects, now = Date.now) {
  const present = new Map<string, { record: KeyRecord; until: number }>()
  const absent = new Map<string, { until: number }>()
  const reads = new Map<string, Promise<KeyRecord | undefined>>()
  const daysOfUse = new Map<string, string>()

  async function read(keyId: string): Promise<KeyRecord | undefined> {
    const began = now()
    const text = await objects.getText(credentialKey({ keyId }))
    if (text === undefined) {
      keep(absent, MAX_ABSENT_KEPT, keyId, { until: began + ABSENT_KEPT_MS })
      return undefined
    }
    const record = parseKeyRecord(text)
    keep(present, MAX_KEPT, keyId, { record, until: began + KEPT_MS })
    return record
  }

  return {
    /** Undefined if there is no such key. @throws Error if S3 does not answer or the record is damaged */
    async find(keyId: string): Promise<KeyRecord | undefined> {
      const kept = present.get(keyId)
      if (kept && kept.until > now()) return kept.record
      if ((absent.get(keyId)?.until ?? 0) > now()) return undefined
      const reading = reads.get(keyId) ?? read(keyId).finally(() => reads.delete(keyId))
      reads.set(keyId, reading)
      return reading
    },

    /** Writes, once a day, that the key is used. @throws Error if S3 does not answer */
    async noteUse(keyId: string): Promise<void> {
      const today = new Date(now()).toISOString().slice(0, 10)
      if (daysOfUse.get(keyId) === today) return
      keep(daysOfUse, MAX_KEPT, keyId, today)
      await objects.touch(lastUseKey({ keyId }))
    },
  }
}

/** Forgets the oldest entry if there are too many. */
function keep<Value>(entries: Map<string, Value>, max: number, key: string, value: Value): void {
  entries.delete(key)
  entries.set(key, value)
  const [oldest] = entries.keys()
  if (entries.size > max && oldest !== undefined) entries.delete(oldest)
}
