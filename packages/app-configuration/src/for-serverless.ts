import { lifecycleRules } from '@darkroom/retention'
import { originsOf, retentionOf } from './configuration.ts'
import { digestOf, packConfiguration } from './packed.ts'
import { readConfiguration } from './read-configuration.ts'

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
