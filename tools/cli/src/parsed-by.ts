import { InvalidArgumentError } from 'commander'
import * as z from 'zod'

/** Checks a command-line argument with a schema; `advice` replaces the schema's own messages. */
export function parsedBy<Schema extends z.ZodType>(
  schema: Schema,
  advice?: string,
): (text: string) => z.infer<Schema> {
  return (text) => {
    const { data, error } = schema.safeParse(text)
    if (error) throw new InvalidArgumentError(advice ?? error.issues.map(toSentence).join(' '))
    return data
  }
}

/** Elsewhere messages follow the name of a field: `must be a UUIDv7`. */
function toSentence({ message }: z.core.$ZodIssue): string {
  const text = message.replace(/^must /, 'it must ').replace(/\.?$/, '.')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export function wholeNumberUpTo(max: number): (text: string) => number {
  const number = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(1).max(max))
  return parsedBy(number, `It must be a whole number from 1 to ${max}.`)
}
