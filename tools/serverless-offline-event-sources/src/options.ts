import { z } from 'zod'
import { EventSourceError } from './event-source-error.ts'

/** `custom.offlineEventSources` in serverless.yml. */
export const Options = z.strictObject({
  /** Make the service's own queues and buckets before polling. */
  createResources: z.boolean().default(false),
  /** Batches at once for a source that sets no `maximumConcurrency` itself. */
  maximumConcurrency: z.int().min(1).max(1000).default(5),
  /** Seconds that running batches are given to end when the service stops. */
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
