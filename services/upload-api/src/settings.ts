import type { AppSettings } from '@darkroom/app-configuration'
import { apps } from '@darkroom/app-configuration/deployed'
import type { AppId } from '@darkroom/core'

/** What is configured for an app. */
export function settingsOf(app: AppId): AppSettings {
  return (Object.hasOwn(apps, app) && apps[app]) || {}
}

/** Whether the same bytes are the same image to an app, so that `hashes/` names its images. */
export function hasDeduplication(app: AppId): boolean {
  return settingsOf(app).deduplication === true
}
