import { deployedParts } from './deployed-parts.ts'

/** The configuration that was deployed with a function; in a test, that of the file that APPS_FILE names. */
export const { digest, presets, apps, retention, appOfTopic, issuers, requestRates } = deployedParts()
