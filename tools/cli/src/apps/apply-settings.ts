import {
  type AppConfiguration,
  type AppliedSettings,
  type CurrentSettings,
  differences,
  digestOf,
  settingsIn,
} from '@darkroom/app-configuration'
import { type Bucket, deleteSettings, listSettings, putSettings } from '@darkroom/bucket'
import type { AppId } from '@darkroom/core'
import pMap from 'p-map'
import type { Act } from '../audit-trail.ts'

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
 *
 * @param record called with all changes before the first
 */
export async function applySettings(
  bucket: Bucket,
  deployed: AppConfiguration,
  configuration: AppConfiguration,
  record: (...acts: Act[]) => Promise<void> = async () => {},
): Promise<Application> {
  const [over, appliedAt] = [digestOf(deployed), new Date().toISOString()]
  const changed = Object.keys(configuration.apps).flatMap((app) => {
    const settings: CurrentSettings = settingsIn(configuration, app)
    return isSame(settings, settingsIn(deployed, app)) ? [] : [{ app, settings }]
  })
  const applied = changed.map(({ app }) => app)
  const withdrawn = (await listSettings(bucket)).filter((app) => !applied.includes(app))
  const fields = differences(deployed, configuration).map(({ field }) => field)
  await record(
    ...applied.map((app) => toAct('settings.applied', app, fields)),
    ...withdrawn.map((app) => toAct('settings.withdrawn', app, [])),
  )
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

/** With the names of the app's own fields and of presets that differ. */
function toAct(act: Act['act'], app: AppId, fields: string[]): Act {
  const own = fields.filter((field) => field.startsWith(`apps.${app}.`) || field.startsWith('presets.'))
  return { act, app, ...(own.length > 0 && { detail: own.join(' ') }) }
}

const isSame = (one: CurrentSettings, other: CurrentSettings) => JSON.stringify(one) === JSON.stringify(other)

const WITHOUT_DEPLOYMENT = /^(presets\.|apps\.[^.]+\.(preset|deduplication|contentTypes|maxBytes|limits)$)/

/** Whether a field, such as `apps.shop.topics`, only changes with a deployment. */
export function needsDeployment(field: string): boolean {
  return !WITHOUT_DEPLOYMENT.test(field)
}
