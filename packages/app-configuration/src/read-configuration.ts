import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { AppConfiguration } from './configuration.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** Packaged with the image processor. */
const WATERMARKS = join(REPOSITORY, 'services/image-processor/watermarks')

/** The default file. The variable APPS_FILE names another one. */
export const APPS_FILE = 'apps.json'

/** The absolute path of a configuration file, which is relative to the root of the repository. */
export function configurationPath(file = process.env.APPS_FILE || APPS_FILE): string {
  return resolve(REPOSITORY, file)
}

/**
 * Reads the configuration of all apps from a file.
 *
 * @param file absolute, or relative to the root of the repository; by default what the variable APPS_FILE names
 * @throws Error that names the file and each field that is wrong
 */
export function readConfiguration(file = process.env.APPS_FILE || APPS_FILE): AppConfiguration {
  try {
    return WithWatermarks.parse(JSON.parse(readFileSync(configurationPath(file), 'utf8')))
  } catch (cause) {
    throw new Error(`The configuration of the apps in ${file} cannot be used.\n${explain(cause)}`)
  }
}

const WithWatermarks = AppConfiguration.superRefine(({ presets }, context) => {
  for (const [name, { variants }] of Object.entries(presets)) {
    for (const [index, { watermark }] of variants.entries()) {
      if (!watermark || existsSync(join(WATERMARKS, watermark.file))) continue
      context.addIssue({
        code: 'custom',
        path: ['presets', name, 'variants', index, 'watermark', 'file'],
        message: `there is no watermarks/${watermark.file} in services/image-processor`,
      })
    }
  }
})

function explain(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return String(cause)
  return z.prettifyError(new z.ZodError(cause.issues.flatMap(issuesOfKey)))
}

/** zod says of a key only that it is invalid; its own issues say what it must be. */
function issuesOfKey(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_key') return [issue]
  return issue.issues.map((inner) => ({ ...inner, path: issue.path }))
}
