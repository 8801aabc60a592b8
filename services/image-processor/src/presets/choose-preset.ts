import { openSettings, settingsIn } from '@darkroom/app-configuration/current-settings'
import { apps, digest, presets } from '@darkroom/app-configuration/deployed'
import { getSettings } from '@darkroom/bucket'
import type { ImageAccepted, NamedPreset, Preset, Tolerant } from '@darkroom/core'
import { settingsBucket } from '../clients.ts'
import { type ImageEngine, unsupportedBy } from '../engines/image-engine.ts'
import { logger } from '../logger.ts'
import { presetOf } from './presets.ts'
import { hasWatermark } from './watermarks.ts'

const settingsOf = openSettings({
  read: (app) => getSettings(settingsBucket, app),
  deployed: (app) => settingsIn({ presets, apps }, app),
  digest,
  onFailure: (app, error) => logger.error('settings of an app cannot be read', { app, error }),
})

/**
 * The preset that a message asks for, or its app's as it is now.
 *
 * @throws Error if that preset is not configured
 */
export async function choosePreset(
  { app, redevelop }: Tolerant<ImageAccepted>['data'],
  engine: ImageEngine['name'],
): Promise<NamedPreset> {
  const { preset } = await settingsOf(app)
  const current = isUsable(preset, engine) ? preset : presetOf(app)
  if (current !== preset) logger.error('the applied preset needs a deployment', { app, preset: preset.name })
  if (!redevelop || redevelop.preset === current.name) return current
  const { preset: name } = redevelop
  const deployed = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (deployed) return { name, ...deployed }
  throw new Error(`the message asks for the preset "${name}", which was not deployed`)
}

/** A preset that was applied after the deployment can need a watermark or an engine that was not deployed. */
function isUsable({ variants }: Preset, engine: ImageEngine['name']): boolean {
  return variants.every((spec) => hasWatermark(spec) && unsupportedBy(engine, spec).length === 0)
}
