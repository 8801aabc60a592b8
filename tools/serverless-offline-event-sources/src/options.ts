import * as z from 'zod'
import { EventSourceError } from './event-source-error.ts'

/** `custom.offlineEventSources` in serverless.yml. */
export const Options = z.strictObject({
  /** Create the service's own queues and buckets before polling. */
  createResources: z.boolean().default(false),
  /** Concurrent batches of a source, whatever its trigger allows: each has a worker, and all share this machine. */
  maximumConcurrency: z.int().min(1).max(1000).default(2),
  /** Seconds to wait for running batches when the service stops. */
  shutdownTimeout: z.number().min(0).default(5),
})
export type Options = z.infer<typeof Options>

export function readOptions(custom: Record<string, unknown> = {}): Options {
  const options = Options.safeParse(custom.offlineEventSources ?? {})
  if (options.success) return options.data
  throw new EventSourceError(
    'invalid-options',
    `custom.offlineEventSources is not valid:\n${z.prettifyError(options.error)}`,
  )
}
