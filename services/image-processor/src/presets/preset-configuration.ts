import {
  type ImageAccepted,
  type NamedPreset,
  type Preset,
  PresetConfiguration,
  presetFor,
  type Tolerant,
} from '@darkroom/core'
import * as z from 'zod'
import configured from '../../presets.json' with { type: 'json' }
import { type ImageEngine, LIMITATIONS, unsupportedBy } from '../engines/image-engine.ts'
import { logger } from '../logger.ts'
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

/** presets.json, checked when a function starts. An error names the wrong field. */
export const presetConfiguration = readPresetConfiguration(configured)

export function readPresetConfiguration(value: unknown): PresetConfiguration {
  const result = WithWatermarks.safeParse(value)
  if (result.success) return result.data
  throw new Error(`presets.json is not valid:\n${z.prettifyError(result.error)}`)
}

/**
 * Checks at start that the engine supports every preset that an app uses, and logs the engine's other limitations.
 *
 * @throws Error that names every unsupported field
 */
export function requireEngineSupport(engine: ImageEngine['name'], configuration: PresetConfiguration): void {
  for (const limitation of LIMITATIONS[engine]) logger.warn(limitation)
  const { presets, apps } = configuration
  const used = new Set(['default', ...Object.values(apps)])
  const faults = Object.entries(presets)
    .filter(([name]) => used.has(name))
    .flatMap(([name, preset]) => faultsOf(engine, name, preset))
  if (faults.length > 0) {
    throw new Error(
      `presets.json needs features that IMAGE_ENGINE=${engine} does not support:\n${faults.join('\n')}`,
    )
  }
}

function faultsOf(engine: ImageEngine['name'], name: string, { variants }: Preset): string[] {
  return variants.flatMap((spec, index) =>
    unsupportedBy(engine, spec).map(
      ({ field, reason }) => `✖ ${reason}\n  → at presets.${name}.variants[${index}].${field}`,
    ),
  )
}

/**
 * The preset that a message asks for, or its app's.
 *
 * @throws Error if that preset is not configured
 */
export function choosePreset({ app, redevelop }: Tolerant<ImageAccepted>['data']): NamedPreset {
  if (!redevelop) return presetFor(presetConfiguration, app)
  const name = redevelop.preset
  const preset = new Map(Object.entries(presetConfiguration.presets)).get(name)
  if (!preset) throw new Error(`the message asks for the preset "${name}", which is not in presets.json`)
  return { name, ...preset }
}
