import { settingsIn } from '@darkroom/app-configuration/current-settings'
import { apps, presets } from '@darkroom/app-configuration/deployed'
import type { AppId, NamedPreset, Preset } from '@darkroom/core'
import { type ImageEngine, LIMITATIONS, unsupportedBy } from '../engines/image-engine.ts'
import { logger } from '../logger.ts'

/** What is configured for the apps: all presets by name, and the preset of each app that has not the default. */
interface Configured {
  presets: Record<string, Preset>
  apps: Record<AppId, { preset?: string | undefined }>
}

/**
 * Checks at start that the engine supports every preset that an app uses, and logs the engine's other limitations.
 *
 * @throws Error that names every unsupported field
 */
export function requireEngineSupport(
  engine: ImageEngine['name'],
  configured: Configured = { presets, apps },
): void {
  for (const limitation of LIMITATIONS[engine]) logger.warn(limitation)
  const used = new Set(['default', ...Object.values(configured.apps).map(({ preset }) => preset)])
  const faults = Object.entries(configured.presets)
    .filter(([name]) => used.has(name))
    .flatMap(([name, preset]) => faultsOf(engine, name, preset))
  if (faults.length > 0) {
    throw new Error(
      `The presets of the apps need features that IMAGE_ENGINE=${engine} does not support:\n${faults.join('\n')}`,
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

/** The preset of an app that was deployed: its own, or the default. */
export function presetOf(app: AppId): NamedPreset {
  return settingsIn({ presets, apps }, app).preset
}
