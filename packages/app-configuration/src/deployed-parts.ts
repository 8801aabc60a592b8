import {
  type AppConfiguration,
  appsOfTopics,
  issuersOf,
  requestRatesOf,
  retentionOf,
} from './configuration.ts'
import { digestOf } from './packed.ts'
import { readConfiguration } from './read-configuration.ts'

/**
 * What the functions of a deployment know of its configuration. `esbuild.config.cjs` writes each part into the functions that
 * use it, so that nothing is read or checked when a function starts.
 *
 * @throws Error as `readConfiguration` does
 */
export function deployedParts() {
  const configuration = readConfiguration()
  return {
    digest: digestOf(configuration),
    presets: configuration.presets,
    apps: withoutAttributes(configuration.apps),
    retention: retentionOf(configuration),
    appOfTopic: appsOfTopics(configuration),
    issuers: issuersOf(configuration),
    requestRates: requestRatesOf(configuration),
  }
}

/** Declared attributes are for analysts: no function reads them, and their descriptions can be long. */
function withoutAttributes(apps: AppConfiguration['apps']): AppConfiguration['apps'] {
  const own = Object.entries(apps).map(([app, { attributes: _, ...settings }]) => [app, settings])
  return Object.fromEntries(own)
}
