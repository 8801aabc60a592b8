import { PresetConfiguration } from '@darkroom/core'
import * as z from 'zod'
import configured from '../../presets.json' with { type: 'json' }
import { hasWatermark } from './watermarks.ts'

const WithWatermarks = PresetConfiguration.superRefine(({ presets }, context) => {
  for (const [name, { variants }] of Object.entries(presets)) {
    for (const [index, { watermark }] of variants.entries()) {
      if (!watermark || hasWatermark(watermark)) continue
      context.addIssue({
        code: 'custom',
        path: ['presets', name, 'variants', index, 'watermark', 'file'],
        message: `there is no watermarks/${watermark.file}`,
      })
    }
  }
})

/** presets.json, checked when a function starts: a mistake stops it with the field's name. */
export const presetConfiguration = readPresetConfiguration(configured)

export function readPresetConfiguration(value: unknown): PresetConfiguration {
  const result = WithWatermarks.safeParse(value)
  if (result.success) return result.data
  throw new Error(`presets.json is not valid:\n${z.prettifyError(result.error)}`)
}
