import type { Log } from './serverless.ts'
import type { Resolve } from './template/template.ts'

/** The local counterpart of one event source mapping. */
export type EventSource = {
  /** For the log: what feeds which function, and how. */
  readonly label: string
  /** Resolves once it polls; throws EventSourceError if the mapping could not exist. */
  start(): Promise<void>
  /** Takes nothing more, and resolves when what was running has ended. */
  stop(): Promise<void>
}

/** What a source is given of the function it feeds and of the service around it. */
export type SourceContext = {
  functionKey: string
  /** As it is deployed: `service-stage-key`. */
  functionName: string
  functionTimeout: number
  region: string
  maximumConcurrency: number
  resolve: Resolve
  /** `resources.extensions` of serverless.yml: what is merged into the resources that the framework generates. */
  extensions: Record<string, { Properties?: Record<string, unknown> }>
  log: Log
  /** Rejects if the function throws or exceeds its timeout. */
  invoke(event: unknown): Promise<unknown>
}

/**
 * A kind of event, by its name in serverless.yml. Reads one definition; throws EventSourceError
 * where it is wrong; undefined where it is switched off.
 */
export type OpenEventSource = (definition: unknown, context: SourceContext) => EventSource | undefined
