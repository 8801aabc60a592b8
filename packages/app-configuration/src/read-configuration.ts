import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { visit } from 'jsonc-parser'
import * as z from 'zod'
import { AppConfiguration, editorSchema } from './configuration.ts'

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
    return WithWatermarks.parse(parseJson(readFileSync(configurationPath(file), 'utf8')))
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

/** @throws Error that names the line, also of a name that is there twice, of which JSON.parse takes the last without a word */
function parseJson(text: string): unknown {
  if (text.startsWith('\ufeff'))
    throw new Misspelt('a byte order mark. Save the file as UTF-8 without it', 0, 0)
  let first: Misspelt | undefined
  const names: Set<string>[] = []
  visit(
    text,
    {
      onObjectBegin: () => void names.push(new Set()),
      onObjectEnd: () => void names.pop(),
      onObjectProperty: (name, _offset, _length, line, column) => {
        if (names.at(-1)?.has(name)) first ??= new Misspelt(`"${name}" is there already`, line, column)
        names.at(-1)?.add(name)
      },
      onError: (_code, offset, _length, line, column) => {
        const comma = /,\s*$/.test(text.slice(0, offset)) && /^[\]},]/.test(text.slice(offset))
        first ??= new Misspelt(
          comma ? 'a comma too many before this' : 'this is not valid JSON',
          line,
          column,
        )
      },
    },
    { disallowComments: true },
  )
  if (first) throw first
  return JSON.parse(text)
}

class Misspelt extends Error {
  constructor(what: string, line: number, column: number) {
    super(`✖ ${what}\n  → at line ${line + 1}, column ${column + 1}`)
  }
}

function explain(cause: unknown): string {
  if (cause instanceof Misspelt) return cause.message
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
    return '✖ There is no such file. Set APPS_FILE to another one.'
  if (!(cause instanceof z.ZodError)) return String(cause)
  return z.prettifyError(new z.ZodError(cause.issues.flatMap(issuesOfKey).map(withFields)))
}

/** Says of a field that does not exist which ones do. */
function withFields(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  const fields = issue.code === 'unrecognized_keys' ? fieldsAt(issue.path) : []
  if (fields.length === 0) return issue
  return { ...issue, message: `${issue.message} (there are: ${fields.join(', ')})` }
}

interface Schema {
  properties?: Record<string, Schema>
  additionalProperties?: Schema
  items?: Schema
}

function fieldsAt(path: PropertyKey[]): string[] {
  let at: Schema | undefined = editorSchema()
  for (const step of path) at = at?.properties?.[String(step)] ?? at?.additionalProperties ?? at?.items
  return Object.keys(at?.properties ?? {})
}

/** zod says of a key only that it is invalid; its own issues say what it must be. */
function issuesOfKey(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_key') return [issue]
  return issue.issues.map((inner) => ({ ...inner, path: issue.path }))
}
