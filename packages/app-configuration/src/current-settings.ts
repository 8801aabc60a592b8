import type { AppId, NamedPreset } from '@darkroom/core'
import { Preset, PresetName } from '@darkroom/core'
import * as z from 'zod'
import type { AppConfiguration } from './configuration.ts'
import type { UsageLimits } from './usage-limits.ts'

/** The settings of an app that can change without a deployment. Without a limit, those of all apps apply. */
export interface CurrentSettings {
  preset: NamedPreset
  deduplication: boolean
  contentTypes?: readonly string[] | undefined
  maxBytes?: number | undefined
  limits?: UsageLimits | undefined
}

/**
 * What was applied to an app after a deployment, as it is stored. It counts as long as `over` is the digest of the deployed
 * configuration: a later deployment has a later file.
 *
 *     { "over": "5ce0e9a56015fec5", "appliedAt": "2026-11-29T07:30:00.000Z",
 *       "settings": { "preset": { "name": "default", "version": 1, "variants": […] }, "deduplication": false } }
 */
export const AppliedSettings = z.object({
  over: z.string(),
  appliedAt: z.string(),
  settings: z.object({
    preset: Preset.extend({ name: PresetName }),
    deduplication: z.boolean(),
    contentTypes: z.array(z.string()).optional(),
    maxBytes: z.number().optional(),
    limits: z.record(z.string(), z.number()).optional(),
  }),
})
export type AppliedSettings = z.infer<typeof AppliedSettings>

/** @throws Error if the app's preset is not in the configuration */
export function settingsIn({ presets, apps }: Pick<AppConfiguration, 'presets' | 'apps'>, app: AppId) {
  const own = (Object.hasOwn(apps, app) && apps[app]) || {}
  const { preset: name = 'default', deduplication = false, contentTypes, maxBytes, limits } = own
  const preset = presets[name]
  if (!preset) throw new Error(`the app ${app} has the preset "${name}", which was not deployed`)
  return {
    preset: { name, ...preset },
    deduplication,
    contentTypes,
    maxBytes,
    limits,
  } satisfies CurrentSettings
}

/** How long settings are used before they are read again. */
const MAX_AGE_MS = 60_000
/** After a failure, so that requests do not wait for S3 one after the other. */
const RETRY_MS = 10_000
/** Apps that one function remembers. */
const MAX_APPS = 1_000

export interface SettingsSource {
  /** The stored text of what was applied to an app. */
  read(app: AppId): Promise<string | undefined>
  /** Those that were deployed. */
  deployed(app: AppId): CurrentSettings
  /** The digest of the deployed configuration. */
  digest: string
  /** Called if they cannot be read: the latest that were read are used, else those that were deployed. */
  onFailure(app: AppId, error: Error): void
}

interface Entry {
  read: number
  expires: number
  /** Undefined if those that were deployed apply. */
  applied: Promise<CurrentSettings | undefined>
}

/** Gives the current settings of an app: at most a minute old, read once for all requests of a function. */
export function openSettings({ read, deployed, digest, onFailure }: SettingsSource) {
  const entries = new Map<AppId, Entry>()

  const load = async (app: AppId): Promise<CurrentSettings | undefined> => {
    const text = await read(app)
    if (text === undefined) return undefined
    const { over, settings } = AppliedSettings.parse(JSON.parse(text))
    return over === digest ? settings : undefined
  }

  const remember = (app: AppId, previous: Entry | undefined): Entry => {
    const read = Date.now()
    const entry: Entry = { read, expires: read + MAX_AGE_MS, applied: load(app) }
    entry.applied = entry.applied.catch((error) => {
      onFailure(app, error)
      entry.expires = Date.now() + RETRY_MS
      return previous?.applied
    })
    const [oldest] = entries.keys()
    if (entries.size >= MAX_APPS && oldest !== undefined) entries.delete(oldest)
    entries.delete(app)
    entries.set(app, entry)
    return entry
  }

  return async function settingsOf(app: AppId): Promise<CurrentSettings> {
    const known = entries.get(app)
    const now = Date.now()
    // Also if the clock was set back.
    const isFresh = known && known.read <= now && now < known.expires
    const entry = isFresh ? known : remember(app, known)
    return (await entry.applied) ?? deployed(app)
  }
}
