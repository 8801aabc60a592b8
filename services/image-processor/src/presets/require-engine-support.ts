import type { PresetConfiguration } from '@darkroom/core'
import { LIMITS, unsupportedBy } from '../engines/engine-support.ts'
import type { ImageEngine } from '../engines/image-engine.ts'
import { logger } from '../logger.ts'

/**
 * Stops a function when it starts if a preset asks for what its engine cannot do, and logs what images may ask for in
 * vain.
 *
 * @throws Error that names every such field
 */
export function requireEngineSupport(engine: ImageEngine['name'], { presets }: PresetConfiguration): void {
  for (const limit of LIMITS[engine]) logger.warn(limit)
  const faults = Object.entries(presets).flatMap(([name, { variants }]) =>
    variants.flatMap((spec, index) =>
      unsupportedBy(engine, spec).map(
        ({ field, reason }) => `✖ ${reason}\n  → at presets.${name}.variants[${index}].${field}`,
      ),
    ),
  )
  if (faults.length > 0) {
    throw new Error(`presets.json asks for what IMAGE_ENGINE=${engine} cannot do:\n${faults.join('\n')}`)
  }
}
