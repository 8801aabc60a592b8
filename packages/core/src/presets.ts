import * as z from 'zod'
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

/** A preset with its name in the configuration. */
export interface NamedPreset extends Preset {
  name: string
}
