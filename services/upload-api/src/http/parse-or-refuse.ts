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
  const complaints = result.error.issues.map((issue) => {
    const { message } = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue
    return `${[where, ...issue.path].join('.')}: ${message}`
  })
  throw new ProblemError('malformed-request', complaints.join('; '))
}
