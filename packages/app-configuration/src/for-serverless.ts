import { createHash } from 'node:crypto'
import { lifecycleRules } from '@darkroom/retention'
import { type AppConfiguration, originsOf, retentionOf } from './configuration.ts'
import { packConfiguration } from './packed.ts'
import { readConfiguration } from './read-configuration.ts'

/** A short hash of a configuration. */
export function digestOf(configuration: AppConfiguration): string {
  return createHash('sha256').update(JSON.stringify(configuration)).digest('hex').slice(0, 16)
}

/**
 * The parts of a serverless.yml that depend on the apps.
 *
 * @throws Error as `readConfiguration` does
 */
export function configurationForServerless() {
  const configuration = readConfiguration()
  return {
    /** The bucket's lifecycle rules. */
    lifecycleRules: lifecycleRules(retentionOf(configuration)),
    /** For CORS. */
    origins: originsOf(configuration),
    /** For the template, see `unpackConfiguration`. */
    packed: packConfiguration(configuration),
    /** The same in all functions that were deployed with this configuration. */
    digest: digestOf(configuration),
  }
}
