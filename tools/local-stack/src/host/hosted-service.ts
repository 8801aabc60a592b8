import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import type { HostedServiceOptions, HostStep } from './host-messages.ts'
import type { Log, Plugin, Serverless, Service } from './serverless.ts'
import { serviceLog } from './service-log.ts'

const OFFLINE = 'serverless-offline'

const EVENT_SOURCES = '@darkroom/serverless-offline-event-sources'

/** Those that act while a service runs. The others of serverless.yml build or package it. */
const PLUGINS = [EVENT_SOURCES, '@darkroom/api-docs', OFFLINE]

/** The module that runs event sources, which can be loaded again while the services run. */
export const EVENT_SOURCES_MODULE = join(
  repositoryRoot,
  'tools',
  basename(EVENT_SOURCES),
  'src/event-source-runner.ts',
)

/** Requests wait for these: the host starts them with the service. */
const WARM_FUNCTIONS = ['authorize', 'uploadImage', 'getImage', 'health']

export interface HostOptions extends HostedServiceOptions {
  folder: string
}

/** What a service waits for, and whom it tells. */
interface Surroundings {
  /** The folder of the bundled services. */
  outdir: string
  /** Resolves when its bundle is there. */
  built: Promise<void>
  storesReady?: Promise<void> | undefined
  /** Resolves when the step is done for all services. */
  onStep: (step: HostStep) => Promise<void>
}

export interface HostedService {
  name: string
  /** Takes new settings and code. @returns whether there are changes that need a new start */
  reload(fresh: Serverless): Promise<boolean>
  /** @param loaded a load of `EVENT_SOURCES_MODULE` */
  replaceEventSources(loaded: object): Promise<void>
  stop(): Promise<void>
}

/** Calls the plugins' hooks in the order of `serverless offline start`. */
export async function startService(
  serverless: Serverless,
  options: HostOptions,
  { outdir, built, storesReady, onStep }: Surroundings,
): Promise<HostedService> {
  const { name, folder } = options
  // Before plugins add to it.
  const shape = shapeOf(serverless.service)
  const location = join(outdir, basename(folder))
  const plugins = await loadPlugins(serverless, cliOptions(serverless, options, location), serviceLog(name))
  const run = async (hook: string) => {
    for (const plugin of plugins) {
      if (hook === 'offline:start:end' && plugin.end) await plugin.end(true)
      else await plugin.hooks?.[hook]?.()
    }
  }
  await storesReady
  await run('before:offline:start:init')
  // A trigger may read another service's queue.
  await onStep('queues and bucket')
  await built
  await run('offline:start:init')
  onStep('functions loaded')
  await run('after:offline:start:init')
  return {
    name,
    async reload({ service }) {
      takeSettings(serverless.service, service)
      await run('offline:functionsUpdated:cleanup')
      return shapeOf(service) !== shape
    },
    async replaceEventSources(loaded) {
      for (const plugin of plugins) await plugin.replaceEventSources?.(loaded)
    },
    async stop() {
      await run('before:offline:start:end')
      await run('offline:start:end')
    },
  }
}

/** What a service takes from its configuration only when it starts. */
function shapeOf({ functions, resources = {}, plugins, custom, provider: { httpApi } }: Service): string {
  const settings = Object.entries(functions).map(([key, { handler, events, package: packaged }]) => [
    key,
    handler,
    events,
    packaged,
  ])
  // Which is about the deployment, and contains the apps.
  const { Metadata: _, ...created } = resources
  return JSON.stringify([settings, created, plugins, custom?.esbuild, httpApi])
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

function cliOptions({ service }: Serverless, { httpPort, inspect }: HostOptions, location: string): object {
  return {
    stage: 'local',
    host: '127.0.0.1',
    httpPort,
    lambdaPort: 0,
    noSponsor: true,
    location,
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
