import process from 'node:process'
import { ARRIVAL_TIMEOUTS } from '@darkroom/core'
import { readEnvironment } from './environment.ts'
import type { EventSourceRunner } from './event-source-runner.ts'
import { answerWithProblems } from './http/gateway-problems.ts'
import { guardHost } from './http/guard-host.ts'
import { limitBodies } from './http/limit-bodies.ts'
import { type OfflineStages, stageOfflineCommand } from './offline-command.ts'
import type { Log, PluginUtils, Serverless } from './serverless.ts'

type RunnerModule = typeof import('./event-source-runner.ts')

/** Concurrent invocations of a function, all in one worker: the default quota of an AWS account. */
const CONCURRENCY = 1_000
/** Lambda keeps idle instances for minutes. */
const IDLE_SECONDS = 900

/**
 * Runs a service's event sources. serverless-offline runs its HTTP endpoints.
 *
 * `serverless offline` and `serverless offline start` both have three stages: create resources before the HTTP server
 * starts, start the sources once the functions are up, and stop cleanly before the exit.
 */
export default class OfflineEventSources {
  readonly hooks: Record<string, () => Promise<void> | void>
  readonly #serverless: Serverless
  readonly #cliOptions: Record<string, unknown>
  readonly #log: Log
  #runner: EventSourceRunner | undefined
  #loaded: RunnerModule | undefined

  constructor(serverless: Serverless, cliOptions: Record<string, unknown>, { log }: PluginUtils) {
    this.#serverless = serverless
    this.#cliOptions = cliOptions
    this.#log = log
    const { configureHttpServer } = serverless
    serverless.configureHttpServer = (server) => {
      configureHttpServer?.(server)
      Object.assign(server.listener, ARRIVAL_TIMEOUTS)
      guardHost(server, readEnvironment().allowedHosts)
      limitBodies(server)
      answerWithProblems(server, log)
    }
    const stages: OfflineStages = {
      prepare: () => this.#orExit(() => this.#prepare()),
      start: () => this.#orExit(() => this.#runner?.start()),
      stop: async () => this.#runner?.stop(),
    }
    this.hooks = {
      initialize: () => stageOfflineCommand(serverless.pluginManager, stages),
      'before:offline:start': stages.prepare,
      'before:offline:start:init': stages.prepare,
      'after:offline:start:init': stages.start,
      'before:offline:start:end': stages.stop,
      'offline:functionsUpdated:cleanup': () => this.#runner?.reloadFunctions(),
    }
  }

  /** Imports the AWS clients lazily, so that they do not slow down `package` and `deploy`. */
  async #prepare(): Promise<void> {
    const { service } = this.#serverless
    const offline = {
      workerConcurrency: CONCURRENCY,
      functionConcurrency: CONCURRENCY,
      terminateIdleLambdaTime: IDLE_SECONDS,
    }
    service.custom = {
      ...service.custom,
      'serverless-offline': { ...offline, ...(service.custom?.['serverless-offline'] as object) },
    }
    this.#loaded = await import('./event-source-runner.ts')
    this.#runner = this.#open(this.#loaded)
    await this.#runner.prepare()
  }

  #open({ EventSourceRunner }: RunnerModule): EventSourceRunner {
    return new EventSourceRunner(this.#serverless, this.#cliOptions, this.#log)
  }

  /**
   * Starts the event sources again, as another load of `event-source-runner.ts` does it.
   *
   * @throws those that ran before run on, or again
   */
  async replaceEventSources(loaded: RunnerModule): Promise<void> {
    const fresh = this.#open(loaded)
    await this.#runner?.stop()
    try {
      await fresh.start()
      this.#loaded = loaded
      this.#runner = fresh
    } catch (error) {
      this.#runner = this.#loaded && this.#open(this.#loaded)
      await this.#runner?.start()
      throw error
    }
  }

  /** Exits explicitly: servers and file watchers of other plugins would keep the process alive after a failed start. */
  async #orExit(stage: () => Promise<void> | undefined): Promise<void> {
    try {
      await stage()
    } catch (error) {
      const isOurs = error instanceof Error && 'slug' in error
      this.#log.error(isOurs ? error.message : error)
      await this.#runner?.stop()
      process.exit(1)
    }
  }
}
