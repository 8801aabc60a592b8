import {
  type ApiKey,
  type AppId,
  credentialKey,
  credentialPrefix,
  formatApiKey,
  type KeyMode,
  type KeyRecord,
  keyIdPrefix,
  lastUseKey,
  newApiKey,
  parseCredentialKey,
  parseKeyRecord,
  parseLastUseKey,
  recordOf,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObjects, getText, listObjects, putObjectIf } from './objects.ts'

/** A key as it is stored. */
export interface StoredKey {
  keyId: string
  record: KeyRecord
  /** The UTC day of its last use, `yyyy-mm-dd`; undefined if it was never used. */
  lastUsed?: string | undefined
}

/** Stores a new key of an app. @returns the key, which is stored nowhere else */
export async function createApiKey(
  bucket: Bucket,
  app: AppId,
  mode: KeyMode,
  expiresAt?: Date,
): Promise<{ keyId: string; apiKey: string }> {
  for (;;) {
    const key = newApiKey(app, mode)
    const record = { ...recordOf(key, app), ...(expiresAt && { expiresAt: expiresAt.toISOString() }) }
    if (await storeKey(bucket, key, record)) return { keyId: key.keyId, apiKey: formatApiKey(key) }
  }
}

/** @returns false if there is a key with this id */
export function storeKey(bucket: Bucket, { keyId }: Pick<ApiKey, 'keyId'>, record: KeyRecord) {
  return putObjectIf(bucket, credentialKey({ keyId }), toObject(record), undefined)
}

const toObject = (record: KeyRecord) => ({
  Body: `${JSON.stringify(record)}\n`,
  ContentType: 'application/json',
})

/** The keys of an app, the oldest first; one listing, however many apps there are. */
export async function listApiKeys(bucket: Bucket, app: AppId): Promise<StoredKey[]> {
  const ids: string[] = []
  const uses = new Map<string, string>()
  for await (const { key, written } of listObjects(bucket, credentialPrefix(keyIdPrefix(app)))) {
    const used = parseLastUseKey(key)
    if (used) uses.set(used.keyId, written.toISOString().slice(0, 10))
    else ids.push(parseCredentialKey(key)?.keyId ?? '')
  }
  const keys = await Promise.all(ids.filter(Boolean).map((keyId) => getApiKey(bucket, keyId)))
  return keys
    .filter((key) => key !== undefined)
    .filter(({ record }) => record.app === app)
    .map((key) => ({ ...key, lastUsed: uses.get(key.keyId) }))
    .sort((a, b) => (a.record.createdAt < b.record.createdAt ? -1 : 1))
}

/** Whether any app has a key. One listing of one page. */
export async function hasApiKeys(bucket: Bucket): Promise<boolean> {
  for await (const { key } of listObjects(bucket, credentialPrefix(''))) {
    if (parseCredentialKey(key)) return true
  }
  return false
}

async function getApiKey(bucket: Bucket, keyId: string): Promise<StoredKey | undefined> {
  const stored = await getText(bucket, credentialKey({ keyId }))
  return stored && { keyId, record: parseKeyRecord(stored.text) }
}

/**
 * Revokes a key of an app, or lets it expire. A time that is set never becomes later.
 *
 * @returns the record; undefined if the app has no such key
 */
export async function endApiKey(
  bucket: Bucket,
  app: AppId,
  keyId: string,
  end: Pick<KeyRecord, 'revokedAt' | 'expiresAt'>,
): Promise<KeyRecord | undefined> {
  for (;;) {
    const stored = await getText(bucket, credentialKey({ keyId }))
    const record = stored && parseKeyRecord(stored.text)
    if (record?.app !== app) return undefined
    const expiresAt = earlier(record.expiresAt, end.expiresAt)
    const revokedAt = earlier(record.revokedAt, end.revokedAt)
    const ended = { ...record, ...(expiresAt && { expiresAt }), ...(revokedAt && { revokedAt }) }
    if (await putObjectIf(bucket, credentialKey({ keyId }), toObject(ended), stored)) return ended
  }
}

const earlier = (a: string | undefined, b: string | undefined) => [a, b].filter(Boolean).sort()[0]

/** Deletes a key that somebody made for a moment, so that it is in no list. It is refused within a minute. */
export async function deleteApiKey(bucket: Bucket, keyId: string): Promise<void> {
  await deleteObjects(bucket, [credentialKey({ keyId }), lastUseKey({ keyId })])
}
