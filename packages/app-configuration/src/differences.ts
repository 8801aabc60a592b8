import type { AppConfiguration } from './configuration.ts'

/** Something that differs between two configurations, by the place in the file: `apps.shop.preset`, `apps.shop.attributes.sku`. */
export interface Difference {
  field: string
  /** As JSON; undefined where there is none. */
  before: string | undefined
  after: string | undefined
}

/** What differs from one configuration to another: presets, days and apps' settings, in the order of the file. */
export function differences(before: AppConfiguration, after: AppConfiguration): Difference[] {
  return [
    ...compare('presets', before.presets, after.presets),
    ...compare('retentionDays', before.retentionDays, after.retentionDays),
    ...namesOf(before.apps, after.apps).flatMap((app) => {
      const [old, settings] = [before.apps[app], after.apps[app]]
      if (!old || !settings) return [difference(`apps.${app}`, old, settings)]
      const { attributes: oldAttributes = {}, ...others } = old
      const { attributes = {}, ...otherSettings } = settings
      return [
        ...compare(`apps.${app}`, others, otherSettings),
        ...compare(`apps.${app}.attributes`, oldAttributes, attributes),
      ]
    }),
  ]
}

/**
 * Presets whose variants differ although their version is the same. Documents name the version that made them, so nobody could
 * tell which images have the new variants.
 */
export function unversionedPresets(before: AppConfiguration, after: AppConfiguration): string[] {
  return Object.entries(after.presets).flatMap(([name, preset]) => {
    const old = before.presets[name]
    const isSame = old === undefined || JSON.stringify(old.variants) === JSON.stringify(preset.variants)
    return isSame || old.version !== preset.version ? [] : [name]
  })
}

function compare(path: string, before: object, after: object): Difference[] {
  return namesOf(before, after)
    .map((name) => difference(`${path}.${name}`, Reflect.get(before, name), Reflect.get(after, name)))
    .filter((found) => found.before !== found.after)
}

function namesOf(before: object, after: object): string[] {
  return [...new Set([...Object.keys(after), ...Object.keys(before)])]
}

function difference(field: string, before: unknown, after: unknown): Difference {
  return { field, before: JSON.stringify(before), after: JSON.stringify(after) }
}
