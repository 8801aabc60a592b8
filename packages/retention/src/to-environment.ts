import * as z from 'zod'
import { Retention } from './retention.ts'

/** A function's environment is limited to 4 KB, and other variables need some of it. */
const MAX_CHARACTERS = 3000

/**
 * The retention as the variable `RETENTION` of a function.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 *
 * @throws Error if it is too long for a function's environment
 */
export function toEnvironment(retention: Retention): string {
  const text = JSON.stringify(retention)
  if (text.length <= MAX_CHARACTERS) return text
  throw new Error(
    `The retention has ${text.length} characters, and a function's environment has space for ${MAX_CHARACTERS}. ` +
      'Use the default for more apps.',
  )
}

/** The inverse: parses `RETENTION` when a function starts. */
export const RetentionVariable = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  })
  .pipe(Retention)
