import * as z from 'zod'
import { Retention } from './retention.ts'

/** A function's environment has 4 KB, and others need some of it. */
const MOST_CHARACTERS = 3000

/**
 * The retention as the variable `RETENTION` of a function.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 *
 * @throws Error if a function's environment has no room for it
 */
export function toEnvironment(retention: Retention): string {
  const text = JSON.stringify(retention)
  if (text.length <= MOST_CHARACTERS) return text
  throw new Error(
    `The retention has ${text.length} characters, and a function's environment takes ${MOST_CHARACTERS} of them: ` +
      'let more apps share the default.',
  )
}

/** The inverse: what a function makes of `RETENTION` when it starts. */
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
