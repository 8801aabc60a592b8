import * as z from 'zod'
import { AppId } from './app-id.ts'
import { VariantSpec } from './variant-spec.ts'

/** The name of a preset in the configuration: `default`. */
export const PresetName = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'a preset name must be 1 to 32 characters of a-z, 0-9 and "-"')

/** A named set of variants. Every change needs a new version, so the metadata shows which version made a file. */
export const Preset = z.strictObject({
  version: z.int().positive(),
  variants: z
    .array(VariantSpec)
    .min(1)
    .max(12)
    .refine(
      (all) => new Set(all.map((variant) => variant.name)).size === all.length,
      'variant names must differ',
    ),
})
export type Preset = z.infer<typeof Preset>

/**
 * All presets, and the preset of each app; an app that is not listed uses `default`.
 *
 *     { "presets": { "default": { "version": 1, "variants": [
 *         { "name": "thumb", "size": 320, "format": "webp", "quality": 75 } ] } },
 *       "apps": { "web-app-1": "default" } }
 */
export const PresetConfiguration = z
  .strictObject({
    presets: z.record(PresetName, Preset),
    apps: z.record(AppId, z.string()),
  })
  .superRefine(({ presets, apps }, context) => {
    if (!presets.default) {
      context.addIssue({
        code: 'custom',
        path: ['presets'],
        message: 'there must be a preset named "default"',
      })
    }
    for (const [app, name] of Object.entries(apps)) {
      if (!Object.hasOwn(presets, name)) {
        const known = Object.keys(presets).join(', ')
        context.addIssue({
          code: 'custom',
          path: ['apps', app],
          message: `no preset is named "${name}" (there are: ${known})`,
        })
      }
    }
  })
export type PresetConfiguration = z.infer<typeof PresetConfiguration>

/** A preset with its name in the configuration. */
export interface NamedPreset extends Preset {
  name: string
}

export function presetFor(configuration: PresetConfiguration, app: AppId): NamedPreset {
  const name = new Map(Object.entries(configuration.apps)).get(app) ?? 'default'
  const preset = configuration.presets[name]
  if (!preset) throw new Error(`no preset is named "${name}"`)
  return { name, ...preset }
}
