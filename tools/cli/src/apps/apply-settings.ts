import {
  type AppConfiguration,
  type AppliedSettings,
  type CurrentSettings,
  digestOf,
  settingsIn,
} from '@darkroom/app-configuration'
import { type Bucket, deleteSettings, listSettings, putSettings } from '@darkroom/bucket'
import type { AppId } from '@darkroom/core'
import pMap from 'p-map'

const CONCURRENCY = 50

export interface Application {
  /** Apps with other settings than those that were deployed. */
  applied: AppId[]
  /** Apps that have those that were deployed again. */
  withdrawn: AppId[]
}

/**
 * Applies what differs from the deployed configuration and needs no deployment: one small object for each app that differs.
 * Functions read it within a minute. Repeating it changes nothing more.
 */
export async function applySettings(
  bucket: Bucket,
  deployed: AppConfiguration,
  configuration: AppConfiguration,
): Promise<Application> {
  const [over, appliedAt] = [digestOf(deployed), new Date().toISOString()]
  const changed = Object.keys(configuration.apps).flatMap((app) => {
    const settings: CurrentSettings = settingsIn(configuration, app)
    return isSame(settings, settingsIn(deployed, app)) ? [] : [{ app, settings }]
  })
  const applied = changed.map(({ app }) => app)
  const withdrawn = (await listSettings(bucket)).filter((app) => !applied.includes(app))
  await pMap(
    changed,
    ({ app, settings }) => {
      const text = { over, appliedAt, settings } as AppliedSettings
      return putSettings(bucket, app, `${JSON.stringify(text)}\n`)
    },
    { concurrency: CONCURRENCY },
  )
  await pMap(withdrawn, (app) => deleteSettings(bucket, app), { concurrency: CONCURRENCY })
  return { applied, withdrawn }
}

const isSame = (one: CurrentSettings, other: CurrentSettings) => JSON.stringify(one) === JSON.stringify(other)

const WITHOUT_DEPLOYMENT = /^(presets\.|apps\.[^.]+\.(preset|deduplication|contentTypes|maxBytes|limits)$)/

/** Whether a field, such as `apps.shop.topics`, only changes with a deployment. */
export function needsDeployment(field: string): boolean {
  return !WITHOUT_DEPLOYMENT.test(field)
}
