import { createHash } from 'node:crypto'
import { lifecycleRules } from '@darkroom/retention'
import { originsOf, retentionOf } from './configuration.ts'
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
    /** The same in all functions that were deployed with this configuration. */
    digest: createHash('sha256').update(JSON.stringify(configuration)).digest('hex').slice(0, 16),
  }
}
