import process from 'node:process'
import { readEnvironment } from './environment.ts'
import type { EventSource } from './event-source.ts'
import { OfflineFunctions } from './offline-functions.ts'
import { openEventSources } from './open-event-sources.ts'
import { type Options, readOptions } from './options.ts'
import { createResources } from './resources/create-resources.ts'
import type { Log, Serverless } from './serverless.ts'
import { createResolve, type Resolve, readTemplate } from './template.ts'
import { settlesWithin } from './wait.ts'

/** Runs the event sources of one service. */
export class EventSourceRunner {
  readonly #serverless: Serverless
  readonly #log: Log
  readonly #options: Options
  readonly #resolve: Resolve
  readonly #functions: OfflineFunctions
  readonly #sources: EventSource[]

  constructor(serverless: Serverless, cliOptions: Record<string, unknown>, log: Log) {
    const { service } = serverless
    const { region } = service.provider
    this.#serverless = serverless
    this.#log = log
    this.#options = readOptions(service.custom)
    this.#resolve = createResolve(readTemplate(service.resources), {
      region,
      stackName: `${service.service}-${service.provider.stage ?? 'dev'}`,
    })
    this.#functions = new OfflineFunctions(serverless, cliOptions)
    this.#sources = openEventSources(service, {
      region,
      log,
      resolve: this.#resolve,
      extensions: service.resources?.extensions ?? {},
      maximumConcurrency: this.#options.maximumConcurrency,
      invoke: (functionKey, event) => this.#functions.invoke(functionKey, event),
    })
  }

  /** Creates resources. Runs before the HTTP server starts, so that no function runs without its queue. */
  async prepare(): Promise<void> {
    const { resources, provider } = this.#serverless.service
    const { region } = readEnvironment()
    if (region !== undefined && region !== provider.region) {
      this.#log.warning(
        `AWS_REGION is ${region}, but the service's region is ${provider.region}. Its functions and queues use the latter.`,
      )
    }
    if (!this.#options.createResources) return
    await createResources(readTemplate(resources), {
      region: provider.region,
      resolve: this.#resolve,
      log: this.#log,
    })
  }

  /** Runs after serverless-offline has started the functions. */
  async start(): Promise<void> {
    await this.#functions.load()
    await Promise.all(this.#sources.map((source) => source.start()))
    announceReady(
      this.#serverless.service.service,
      this.#sources.map(({ label }) => label),
      this.#log,
    )
  }

  async stop(): Promise<void> {
    const stopped = Promise.all(this.#sources.map((source) => source.stop()))
    if (!(await settlesWithin(this.#options.shutdownTimeout, stopped))) {
      this.#log.warning(
        `Some batches were still running after ${this.#options.shutdownTimeout} s. Their messages will be delivered again.`,
      )
    }
    await this.#functions.close()
  }

  reloadFunctions(): void {
    this.#functions.reload()
  }
}

/** Logs that the service is ready and notifies the parent process, if there is one. */
function announceReady(service: string, labels: string[], log: Log): void {
  const sources = labels.length === 0 ? ' none' : labels.map((label) => `\n  ${label}`).join('')
  log.notice(`${service} is ready. Event sources:${sources}`)
  process.send?.({ type: 'ready', service })
}
