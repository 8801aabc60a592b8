import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'

/** Parameters that must have the same value in every service that has them. */
const AGREED = ['bucket', 'heicDecoder', 'operatorArns'] as const

/** The names of parameters with their values, by service. */
export type Settings = Record<string, Record<string, unknown>>

/** Reads the parameters that apply to a stage from the serverless.yml of every service. Variables are not resolved. */
export function readSettings(servicesFolder: string, stage: string): Settings {
  const files = globSync('*/serverless.yml', { cwd: servicesFolder }).sort()
  return Object.fromEntries(
    files.map((file) => {
      const { params = {} } = parse(readFileSync(join(servicesFolder, file), 'utf8'))
      return [dirname(file), { ...params.default, ...params[stage] }]
    }),
  )
}

/** @throws Error with a sentence for each setting that two services disagree about */
export function requireAgreement(settings: Settings, stage: string): void {
  const sentences = AGREED.flatMap((name) => {
    const values = Object.entries(settings).flatMap(([service, own]) =>
      name in own ? [{ value: JSON.stringify(own[name]), file: `services/${service}/serverless.yml` }] : [],
    )
    const [first, ...others] = values
    const other = others.find(({ value }) => value !== first?.value)
    if (!first || !other) return []
    return [
      `${name} is ${first.value} in ${first.file} and ${other.value} in ${other.file}: set the same value in both.`,
    ]
  })
  if (sentences.length > 0) throw new Error(`The stage "${stage}" cannot be packaged. ${sentences.join(' ')}`)
}
