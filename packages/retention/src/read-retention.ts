import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { lifecycleRules } from './lifecycle-rules.ts'
import { Retention } from './retention.ts'
import { toEnvironment } from './to-environment.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** The default file. The variable RETENTION_FILE names another one. */
export const RETENTION_FILE = 'packages/retention/retention.json'

/**
 * Reads the retention from a file.
 *
 * @param file absolute, or relative to the root of the repository; by default what the variable RETENTION_FILE names
 * @throws Error that names the file and each field that is wrong
 */
export function readRetention(file = process.env.RETENTION_FILE || RETENTION_FILE): Retention {
  try {
    return Retention.parse(JSON.parse(readFileSync(resolve(REPOSITORY, file), 'utf8')))
  } catch (cause) {
    throw new Error(`The retention in ${file} cannot be used.\n${explain(cause)}`, { cause })
  }
}

/**
 * The parts of a serverless.yml that depend on the retention file, which the parameter `retentionFile` names:
 * `environment` for functions, and `lifecycleRules` for the bucket.
 *
 * @throws Error as `readRetention` does
 */
export async function retentionForServerless(resolveVariable: (address: string) => Promise<unknown>) {
  const retention = readRetention(String(await resolveVariable('param:retentionFile')))
  return { environment: toEnvironment(retention), lifecycleRules: lifecycleRules(retention) }
}

function explain(cause: unknown): string {
  return cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause)
}
