import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { Retention } from './retention.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** What is kept how long unless a deployment says otherwise, by the variable RETENTION_FILE for one. */
export const RETENTION_FILE = 'packages/retention/retention.json'

/**
 * The retention in a file.
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

function explain(cause: unknown): string {
  return cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause)
}
