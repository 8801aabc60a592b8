import { configurationPath } from '@darkroom/app-configuration'
import { describeLoadFailure } from '../reload/describe-load-failure.ts'
import { filesOf, loadAgain } from '../reload/loaded-modules.ts'
import type { Reloadable } from '../reload/reload-on-change.ts'
import { bundlerInto, deployedConfiguration, writeConfiguration } from './bundle-services.ts'
import type { HostStep } from './host-messages.ts'
import { EVENT_SOURCES_MODULE, type HostedService, type HostOptions, startService } from './hosted-service.ts'
import { filesOfConfiguration, readService } from './read-service.ts'
import type { Serverless } from './serverless.ts'

/** Services that run in this process with the plugins of `serverless offline`. */
export interface HostedServices extends Reloadable {
  /**
   * Starts the event sources again if their code has changed. Builds services again, unless the changed files are only read, and reads their functions' environment, memory and timeouts
   * again. The next invocations use them, running ones end with the old code.
   *
   * @returns the services whose configuration has changes that need a new start: routes, triggers, handlers, resources
   * @throws esbuild's BuildFailure, or an error of the configuration
   */
  reload: Reloadable['reload']
  stop(): Promise<void>
}

export interface HostSettings {
  /** Where the build of a start is stored for the next one. */
  keptBuild?: string
  /** Services use S3, SQS and Kafka after that. */
  storesReady?: Promise<void>
  /** Called when a step is done for all services. */
  onDone?: (step: HostStep) => void
  onReady?: (name: string) => void
}

/** Starts services whose folders are beside each other, from bundles in `outdir`. @throws Error if one cannot be read, built or started */
export async function hostServices(
  services: readonly HostOptions[],
  outdir: string,
  { keptBuild, storesReady, onDone, onReady }: HostSettings = {},
): Promise<HostedServices> {
  const sources = new Map<string, Set<string>>()
  /** What is read and not built. */
  const settings = new Set<string>()
  const bundler = bundlerInto(outdir, keptBuild)
  const build = async (some: readonly HostOptions[], configurations: Serverless[]) => {
    const inputs = await bundler.bundle(configurations)
    for (const [n, { name, folder }] of some.entries()) {
      const files = await filesOfConfiguration(folder)
      for (const file of [configurationPath(), ...files]) settings.add(file)
      sources.set(name, new Set([...(inputs[n] ?? []), ...files]))
    }
  }
  const configurations = await readAll(services)
  // In esbuild's own process: the plugins load meanwhile.
  const built = build(services, configurations).then(() => onDone?.('functions built'))
  // Services that wait for it report it.
  built.catch(() => {})
  const onStep = stepsOf(services.length, onDone)
  const start = async (serverless: Serverless, options: HostOptions): Promise<HostedService> => {
    const service = await startService(serverless, options, { outdir, built, storesReady, onStep })
    onReady?.(options.name)
    return service
  }
  const running = await Promise.all(
    services.map((options, n) => start(configurations[n] as Serverless, options)),
  )
  /** What bundles contain needs no new start of the event sources, which only read what they share with functions. */
  const filesOfEventSources = () => {
    const bundled = new Set([...sources.values()].flatMap((files) => [...files]))
    return new Set([...filesOf(EVENT_SOURCES_MODULE)].filter((path) => !bundled.has(path)))
  }
  const loadEventSources = () =>
    loadAgain<object>(EVENT_SOURCES_MODULE).catch((error) => describeLoadFailure(EVENT_SOURCES_MODULE, error))
  return {
    names: services.map(({ name }) => name),
    sourcesOf: (name) => new Set([...(sources.get(name) ?? []), ...filesOfEventSources()]),
    async reload(names, paths) {
      const some = services.filter(({ name }) => names.includes(name))
      const changed = running.filter(({ name }) => names.includes(name))
      const eventSources = filesOfEventSources()
      if (paths.some((path) => eventSources.has(path))) {
        const loaded = await loadEventSources()
        await Promise.all(changed.map((service) => service.replaceEventSources(loaded)))
      }
      if (paths.every((path) => eventSources.has(path))) return []
      // First, because the framework names the variables that contain it instead of what is wrong.
      await deployedConfiguration()
      const fresh = await readAll(some)
      if (paths.every((path) => settings.has(path))) await writeConfiguration(outdir)
      else await build(some, fresh)
      const needRestart = await Promise.all(
        changed.map(async (service, n) => (await service.reload(fresh[n] as Serverless)) && service.name),
      )
      return needRestart.filter((name) => name !== false)
    },
    async stop() {
      await Promise.all(running.map((service) => service.stop()))
    },
  }
}

/** Counts who has done each step. Its promise resolves when everyone has. */
function stepsOf(services: number, onDone: HostSettings['onDone']): (step: HostStep) => Promise<void> {
  const steps = new Map<HostStep, { count: number; all: PromiseWithResolvers<void> }>()
  return (step) => {
    const { count, all } = steps.get(step) ?? { count: 0, all: Promise.withResolvers<void>() }
    steps.set(step, { count: count + 1, all })
    if (count + 1 === services) {
      onDone?.(step)
      all.resolve()
    }
    return all.promise
  }
}

const readAll = (services: readonly HostOptions[]) =>
  Promise.all(services.map(({ folder }) => readService(folder)))
