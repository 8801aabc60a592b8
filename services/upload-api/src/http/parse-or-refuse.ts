import { ProblemError } from '@darkroom/core'
import type * as z from 'zod'

/** Parses what a client sent. @throws ProblemError `malformed-request`, naming the field */
export function parseOrRefuse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.infer<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const complaints = result.error.issues.map(
    ({ path, message }) => `${[where, ...path].join('.')}: ${message}`,
  )
  throw new ProblemError('malformed-request', complaints.join('; '))
}
