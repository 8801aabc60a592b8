import { type AppId, parseSettingsKey, placePrefix, settingsKey } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { deleteObject, getText, listObjects, putObject } from './objects.ts'

/** Nobody waits for settings for longer than this: there are others to use. */
export const SETTINGS_TIMEOUTS = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true },
}

/** What was applied to an app after a deployment, as text; undefined if nothing was. */
export async function getSettings(bucket: Bucket, app: AppId): Promise<string | undefined> {
  return (await getText(bucket, settingsKey({ app })))?.text
}

export async function putSettings(bucket: Bucket, app: AppId, text: string): Promise<void> {
  await putObject(bucket, settingsKey({ app }), { Body: text, ContentType: 'application/json' })
}

export async function deleteSettings(bucket: Bucket, app: AppId): Promise<void> {
  await deleteObject(bucket, settingsKey({ app }))
}

/** The apps to which something was applied. */
export async function listSettings(bucket: Bucket): Promise<AppId[]> {
  const apps: AppId[] = []
  for await (const { key } of listObjects(bucket, placePrefix('settings'))) {
    const found = parseSettingsKey(key)
    if (found) apps.push(found.app)
  }
  return apps
}
