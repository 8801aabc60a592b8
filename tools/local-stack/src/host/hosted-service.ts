import { readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { bundleService } from './bundle-service.ts'
import type { HostedServiceOptions } from './host-messages.ts'
import { readService } from './read-service.ts'
import type { Log, Plugin, Serverless, Service } from './serverless.ts'
import { serviceLog } from './service-log.ts'

const OFFLINE = 'serverless-offline'

/** Those that act while a service runs. The others of serverless.yml build or package it. */
const PLUGINS = ['@darkroom/serverless-offline-event-sources', '@darkroom/api-docs', OFFLINE]

/** Requests wait for these: the host starts them with the service. */
const WARM_FUNCTIONS = ['authorize', 'uploadImage', 'getImage', 'health']

export interface HostOptions extends HostedServiceOptions {
  folder: string
}

/** A service that runs in this process with the plugins of `serverless offline`. */
export interface HostedService {
  name: string
  /** Files of the last good build and configuration, absolute. */
  sources(): Set<string>
  /**
   * Builds again and reads the functions' environment, memory and timeouts again. The next invocations use them, running
   * ones end with the old code.
   *
   * @returns whether the configuration has changes that need a new start: routes, triggers, handlers, resources
   * @throws esbuild's BuildFailure, or an error of the configuration; what ran before keeps running
   */
  reload(): Promise<{ needsRestart: boolean }>
  stop(): Promise<void>
}

export async function hostService(options: HostOptions): Promise<HostedService> {
  const { name, folder } = options
  const serverless = await readService(folder)
  // Before plugins add to it.
  const shape = shapeOf(serverless.service)
  const outdir = join(folder, '.esbuild', String(process.env.ESBUILD_WORK_FOLDER))
  let inputs = await bundleService(serverless, outdir)
  let configurationFiles = await filesOfConfiguration(folder)
  const run = await runPlugins(serverless, options, outdir)
  return {
    name,
    sources: () => {
      const built = inputs.map((path) => join(folder, path))
      return new Set([...built, ...configurationFiles])
    },
    async reload() {
      const { service } = await readService(folder)
      inputs = await bundleService({ ...serverless, service }, outdir)
      configurationFiles = await filesOfConfiguration(folder)
      takeSettings(serverless.service, service)
      await run('offline:functionsUpdated:cleanup')
      return { needsRestart: shapeOf(service) !== shape }
    },
    async stop() {
      await run('before:offline:start:end')
      await run('offline:start:end')
      await rm(outdir, { recursive: true, force: true })
    },
  }
}

/** What a service takes from its configuration only when it starts. */
function shapeOf({ functions, resources, plugins, provider: { httpApi } }: Service): string {
  const triggers = Object.entries(functions).map(([key, { handler, events }]) => [key, handler, events])
  return JSON.stringify([triggers, resources, plugins, httpApi])
}

/** Functions read these when they start. */
function takeSettings(running: Service, fresh: Service): void {
  for (const [settings, newSettings] of [
    [running.provider, fresh.provider] as const,
    ...Object.entries(running.functions).map(([key, own]) => [own, fresh.functions[key] ?? own] as const),
  ]) {
    const { environment, memorySize, timeout } = newSettings
    Object.assign(settings, { environment, memorySize, timeout })
  }
}

/** The configuration and the files that its variables name. */
async function filesOfConfiguration(folder: string): Promise<string[]> {
  const file = join(folder, 'serverless.yml')
  const named = (await readFile(file, 'utf8')).matchAll(/\$\{file\(([^)$]+)\)/g)
  return [file, ...Array.from(named, ([, path = '']) => join(folder, path))]
}

/** The order of `serverless offline start`. */
async function runPlugins(serverless: Serverless, options: HostOptions, outdir: string) {
  const log = serviceLog(options.name)
  const plugins = await loadPlugins(serverless, cliOptions(serverless, options, outdir), log)
  const run = async (hook: string) => {
    for (const plugin of plugins) {
      if (hook === 'offline:start:end' && plugin.end) await plugin.end(true)
      else await plugin.hooks?.[hook]?.()
    }
  }
  await run('before:offline:start:init')
  await run('offline:start:init')
  await run('after:offline:start:init')
  return run
}

function cliOptions({ service }: Serverless, { httpPort, inspect }: HostOptions, outdir: string): object {
  return {
    stage: 'local',
    host: '127.0.0.1',
    httpPort,
    lambdaPort: 0,
    noSponsor: true,
    location: outdir,
    warmFunctions: inspect ? [] : WARM_FUNCTIONS.filter((key) => key in service.functions),
    ...(inspect && { useInProcess: true, noTimeout: true }),
  }
}

async function loadPlugins(serverless: Serverless, options: object, log: Log): Promise<Plugin[]> {
  const { resolve } = createRequire(join(serverless.serviceDir, 'package.json'))
  const names = serverless.service.plugins.filter((name) => PLUGINS.includes(name))
  // Its notices are routine of every start and request.
  const quietLog = { ...log, notice: () => {} }
  const modules = await Promise.all(names.map((name) => import(resolve(name))))
  // In the order of serverless.yml: a plugin may extend what an earlier one has set.
  return modules.map(({ default: Plugin }, n) => {
    const isOffline = names[n] === OFFLINE
    return new Plugin(serverless, options, { log: isOffline ? quietLog : log })
  })
}
