import { z } from 'zod'
import { EventSourceError } from '../event-source-error.ts'

/** CloudFormation would make up a missing name; locally a resource has to have one. */
export function parseResource<T>(schema: z.ZodType<T>, properties: unknown, type: string): T {
  const parsed = schema.safeParse(properties ?? {})
  if (parsed.success) return parsed.data
  throw new EventSourceError(
    'invalid-resource',
    `An ${type} of the service cannot be made locally:\n${z.prettifyError(parsed.error)}`,
  )
}
