import { PresetConfiguration } from '@darkroom/core'
import * as z from 'zod'
import configured from '../presets.json' with { type: 'json' }

/** presets.json, checked when a function starts: a mistake stops it with the field's name. */
export const presetConfiguration = readPresetConfiguration(configured)

export function readPresetConfiguration(value: unknown): PresetConfiguration {
  const result = PresetConfiguration.safeParse(value)
  if (result.success) return result.data
  throw new Error(`presets.json is not valid:\n${z.prettifyError(result.error)}`)
}
