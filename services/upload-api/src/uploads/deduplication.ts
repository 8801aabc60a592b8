import { apps } from '@darkroom/app-configuration/deployed'
import type { AppId } from '@darkroom/core'

/** Whether the same bytes are the same image to an app, so that `hashes/` names its images. */
export function hasDeduplication(app: AppId): boolean {
  return Object.hasOwn(apps, app) && apps[app]?.deduplication === true
}
