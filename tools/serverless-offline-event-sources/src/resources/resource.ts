import * as z from 'zod'
import { EventSourceError } from '../event-source-error.ts'
import type { Log } from '../serverless.ts'
import type { Resolve } from '../template.ts'

export type ResourceContext = { region: string; resolve: Resolve; log: Log }

/** Validates properties. CloudFormation generates missing names, but locally a resource needs one. */
export function parseResource<T>(schema: z.ZodType<T>, properties: unknown, type: string): T {
  const parsed = schema.safeParse(properties ?? {})
  if (parsed.success) return parsed.data
  throw new EventSourceError(
    'invalid-resource',
    `An ${type} of this service cannot be created locally:\n${z.prettifyError(parsed.error)}`,
  )
}
