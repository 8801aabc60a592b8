import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { AppConfiguration } from './configuration.ts'

/**
 * A configuration as text that fits into a CloudFormation template, which may have 1 MB: thousands of apps are some tens of
 * kilobytes. The image processor's template has it, so that a deployment can be compared with the file.
 */
export function packConfiguration(configuration: AppConfiguration): string {
  return gzipSync(JSON.stringify(configuration)).toString('base64')
}

/** The inverse. @throws Error if it is no configuration that this version reads */
export function unpackConfiguration(packed: string): AppConfiguration {
  return AppConfiguration.parse(JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()))
}

/** A short hash of a configuration. */
export function digestOf(configuration: AppConfiguration): string {
  return createHash('sha256').update(JSON.stringify(configuration)).digest('hex').slice(0, 16)
}
