import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Serverless } from './serverless.ts'

const require = createRequire(import.meta.url)
const framework = (module: string) => require(`serverless/lib/${module}`)
const source = (name: string) => framework(`configuration/variables/sources/${name}`)

const STAGE = 'local'
const CONFIGURATION = 'serverless.yml'

/**
 * Reads and resolves a service's serverless.yml with the framework's own parser, variables and rules, as a command would.
 * The rest of the framework (its own plugins, its schema, packaging) takes seconds to load and is not needed to run a
 * service.
 *
 * @throws Error that names the variable that cannot be resolved
 */
export async function readService(serviceDir: string): Promise<Serverless> {
  const configurationFilename = CONFIGURATION
  const configuration = await framework('configuration/read')(join(serviceDir, configurationFilename))
  const serverless = {
    serviceDir,
    configurationFilename,
    configurationInput: configuration,
    config: { servicePath: serviceDir },
    processedInput: { commands: ['offline'], options: {} },
    utils: { getVersion: () => require('serverless/package.json').version },
    pluginManager: { hooks: {}, getPlugins: () => [] },
  }
  await resolveVariables(configuration, serverless)
  const Service = framework('classes/service')
  const service = new Service(serverless)
  await service.load()
  service.mergeArrays()
  service.setFunctionNames({ stage: STAGE })
  return Object.assign(serverless, { service })
}

async function resolveVariables(
  configuration: object,
  serverless: { serviceDir: string; configurationFilename: string },
): Promise<void> {
  const variables = framework('configuration/variables/resolve-meta')(configuration)
  const sources = {
    env: source('env'),
    file: source('file'),
    opt: source('opt'),
    self: source('self'),
    strToBool: source('str-to-bool'),
    sls: source('instance-dependent/get-sls')(serverless),
    param: source('instance-dependent/param')(serverless),
  }
  const resolution = {
    serviceDir: serverless.serviceDir,
    configuration,
    variablesMeta: variables,
    sources,
    options: { stage: STAGE },
    fulfilledSources: new Set(Object.keys(sources)),
    isPropertyDeferred: (_property: string): boolean => false,
  }
  resolution.isPropertyDeferred = framework('configuration/variables/defer-irrelevant-stage-params')(
    configuration,
    resolution,
  )
  await framework('configuration/variables/resolve')(resolution)
  for (const [property, { error }] of variables) {
    if (!error && resolution.isPropertyDeferred(property)) variables.delete(property)
  }
  framework('configuration/variables/eventually-report-resolution-errors')(
    serverless.configurationFilename,
    configuration,
    variables,
    { isHelpRequest: false },
  )
}

/** The configuration and the files that its variables name. */
export async function filesOfConfiguration(serviceDir: string): Promise<string[]> {
  const file = join(serviceDir, CONFIGURATION)
  const named = (await readFile(file, 'utf8')).matchAll(/\$\{file\(([^)$]+)\)/g)
  return [file, ...Array.from(named, ([, path = '']) => join(serviceDir, path))]
}
