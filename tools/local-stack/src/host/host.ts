import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describeFailure, isMistake } from '../describe-failure.ts'
import { followServers, sourcesOfTools } from '../reload/follow-servers.ts'
import { followImports } from '../reload/loaded-modules.ts'
import { reloadOnChange } from '../reload/reload-on-change.ts'
import { repositoryRoot } from '../repository-root.ts'
import type { FromHost, HostedServiceOptions, ToHost } from './host-messages.ts'
import { type HostedServices, hostServices } from './hosted-services.ts'
import { serviceLog } from './service-log.ts'

/** The folders of plugins that run in this process. */
const PLUGINS = sourcesOfTools('serverless-offline-event-sources', 'api-docs')

/** For each choice of services. */
const KEPT_BUILDS = join(repositoryRoot, 'node_modules', '.cache', 'bundles')

/** The process that runs services, started by `startServices` with a list of them and the folder for their bundles. */
async function host(options: HostedServiceOptions[], outdir: string): Promise<void> {
  followImports()
  let services: HostedServices | undefined
  // A parent that is killed closes its channel and cannot stop this process.
  process.once('disconnect', () => process.exit())
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  process.once('SIGTERM', async () => {
    await services?.stop()
    process.exit()
  })
  // A terminal sends it to the whole group; the parent decides when its services stop.
  process.on('SIGINT', () => {})
  const storesReady = new Promise<void>((resolve) => {
    process.on('message', ({ type }: ToHost) => type === 'stores-ready' && resolve())
  })
  services = await hostServices(
    options.map((service) => ({ ...service, folder: join(repositoryRoot, 'services', service.name) })),
    outdir,
    {
      keptBuild: join(KEPT_BUILDS, options.map(({ name }) => name).join('+')),
      storesReady,
      onDone: (step) => send({ type: 'done', step }),
      onReady: (name) => send({ type: 'ready', name }),
    },
  )
  reloadOnChange(services, ([name = '', ...others]) =>
    serviceLog(others.length === 0 ? name : `${others.length + 1} services`),
  )
  followServers(PLUGINS, services, serviceLog('pnpm dev').warning)
}

function send(message: FromHost): void {
  process.send?.(message)
}

try {
  const [services = '[]', outdir = ''] = process.argv.slice(2)
  await host(JSON.parse(services), outdir)
} catch (error) {
  if (isMistake(error) && process.send) {
    const mistake: FromHost = { type: 'mistake', description: describeFailure(error) }
    process.send(mistake, undefined, undefined, () => process.exit(1))
  } else {
    console.error(error)
    process.exit(1)
  }
}
