import type Lambda from 'serverless-offline/lambda'
import { EventSourceError } from './event-source-error.ts'
import type { Serverless } from './serverless.ts'

type Generation = { lambda: Lambda; running: Set<Promise<unknown>> }

/**
 * Runs the service's functions with serverless-offline's workers, environment, timeouts and logging.
 * Each concurrent invocation has its own worker.
 */
export class OfflineFunctions {
  readonly #serverless: Serverless
  readonly #options: Record<string, unknown>
  #createLambda: (() => Lambda) | undefined
  #current: Generation | undefined

  constructor(serverless: Serverless, cliOptions: Record<string, unknown>) {
    this.#serverless = serverless
    this.#options = cliOptions
  }

  /** Must run after the build, because bundlers set serverless-offline's output folder late. */
  async load(): Promise<void> {
    const { default: Lambda } = await import('serverless-offline/lambda')
    this.#createLambda = () => {
      const { service } = this.#serverless
      const custom = service.custom?.['serverless-offline'] as Record<string, unknown> | undefined
      const lambda = new Lambda(this.#serverless, { ...custom, ...this.#options, workerConcurrency: 1 })
      lambda.create(
        service
          .getAllFunctions()
          .map((functionKey) => ({ functionKey, functionDefinition: service.getFunction(functionKey) })),
      )
      return lambda
    }
  }

  async invoke(functionKey: string, event: unknown): Promise<unknown> {
    if (!this.#createLambda)
      throw new EventSourceError('not-loaded', 'Functions must be loaded before they are invoked.')
    this.#current ??= { lambda: this.#createLambda(), running: new Set() }
    const { lambda, running } = this.#current
    // The pool would return the same idle function again until it runs, so do not await here.
    const lambdaFunction = lambda.get(functionKey)
    lambdaFunction.setEvent(event)
    const result = lambdaFunction.runHandler().finally(() => running.delete(result))
    running.add(result)
    return result
  }

  /** New invocations run the new code. Old workers exit when their invocations have ended. */
  reload(): void {
    const previous = this.#current
    this.#current = undefined
    if (previous) void Promise.allSettled(previous.running).then(() => previous.lambda.cleanup())
  }

  async close(): Promise<void> {
    await this.#current?.lambda.cleanup()
  }
}
