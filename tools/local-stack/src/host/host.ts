import { join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import type { FromHost, HostedServiceOptions } from './host-messages.ts'
import { type HostedService, hostService } from './hosted-service.ts'
import { reloadOnChange } from './reload-on-change.ts'
import { serviceLog } from './service-log.ts'

/** The process that runs services, started by `startServices` with a list of them as its argument. */
async function host(services: HostedServiceOptions[]): Promise<void> {
  const running: HostedService[] = []
  // A parent that is killed closes its channel and cannot stop this process.
  process.once('disconnect', () => process.exit())
  process.once('SIGTERM', async () => {
    await Promise.all(running.map((service) => service.stop()))
    process.exit()
  })
  // A terminal sends it to the whole group; the parent decides when its services stop.
  process.on('SIGINT', () => {})
  const starting = services.map(async (options) => {
    const service = await hostService({
      ...options,
      folder: join(repositoryRoot, 'services', options.name),
    })
    running.push(service)
    reloadOnChange(service, serviceLog(service.name))
    send({ type: 'ready', name: options.name })
  })
  await Promise.all(starting)
}

function send(message: FromHost): void {
  process.send?.(message)
}

try {
  await host(JSON.parse(process.argv[2] ?? '[]'))
} catch (error) {
  console.error(error)
  process.exit(1)
}
