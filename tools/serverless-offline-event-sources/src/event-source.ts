import type { Log } from './serverless.ts'
import type { Resolve } from './template.ts'

/** The local counterpart of one event source mapping. */
export interface EventSource {
  /** For the log: source, function and main settings. */
  readonly label: string
  /** Resolves once it polls. Throws EventSourceError if AWS would reject the mapping. */
  start(): Promise<void>
  /** Stops receiving and resolves when all running batches have ended. */
  stop(): Promise<void>
}

/** What a source knows about its function and service. */
export interface SourceContext {
  functionKey: string
  /** The deployed name: `service-stage-key`. */
  functionName: string
  functionTimeoutSeconds: number
  region: string
  maximumConcurrency: number
  resolve: Resolve
  /** `resources.extensions` in serverless.yml, which is merged into the resources that the framework generates. */
  extensions: Record<string, { Properties?: Record<string, unknown> }>
  log: Log
  /** Rejects if the function throws or exceeds its timeout. */
  invoke(event: unknown): Promise<unknown>
}

/**
 * Opens one event of a function in serverless.yml. Returns undefined if it is disabled and throws EventSourceError if it
 * is invalid.
 */
export type OpenEventSource = (definition: unknown, context: SourceContext) => EventSource | undefined
