import { type CurrentSettings, openSettings, settingsIn } from '@darkroom/app-configuration/current-settings'
import { apps, digest, presets } from '@darkroom/app-configuration/deployed'
import { getSettings } from '@darkroom/bucket'
import type { AppId } from '@darkroom/core'
import { settingsBucket } from './clients.ts'
import { logger } from './logger.ts'

/** What is configured for an app, at most a minute ago. */
export const settingsOf: (app: AppId) => Promise<CurrentSettings> = openSettings({
  read: (app) => getSettings(settingsBucket, app),
  deployed: (app) => settingsIn({ presets, apps }, app),
  digest,
  onFailure: (app, error) => logger.error('settings of an app cannot be read', { app, error }),
})

/** Whether the same bytes are the same image to an app, so that `hashes/` names its images. */
export async function hasDeduplication(app: AppId): Promise<boolean> {
  return (await settingsOf(app)).deduplication
}
