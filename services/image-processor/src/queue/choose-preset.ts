import { type NamedPreset, presetFor } from '@darkroom/core'
import { presetConfiguration } from '../presets/preset-configuration.ts'
import type { Attempt } from './attempt.ts'

/**
 * The preset that a message asks for, or else its app's.
 *
 * @throws Error if it asks for one that is not configured here, for an operator to read
 */
export function choosePreset({ app, redevelop }: Attempt['message']['data']): NamedPreset {
  if (!redevelop) return presetFor(presetConfiguration, app)
  const name = redevelop.preset
  const preset = new Map(Object.entries(presetConfiguration.presets)).get(name)
  if (!preset) throw new Error(`the message asks for the preset "${name}", which presets.json does not have`)
  return { name, ...preset }
}
