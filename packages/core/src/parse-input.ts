import * as z from 'zod'
import { Attributes } from './attributes.ts'
import { messageOf, toSentences } from './issue-sentences.ts'
import { ProblemError } from './problem.ts'

/**
 * Decodes base64 (RFC 4648, section 4, padded). Node skips invalid characters; here they are an error, because the client
 * made a mistake.
 *
 * @param where the field's name, for the message
 * @throws ProblemError `malformed-request`
 */
export function decodeBase64(text: string, where: string): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') === text) return bytes
  throw new ProblemError(
    'malformed-request',
    `${where} is not valid base64. Send it with padding (RFC 4648, section 4), without line breaks and without a "data:" prefix.`,
  )
}

/**
 * Parses what a client sent.
 *
 * @param where what the value is, for the message: `body`
 * @throws ProblemError `malformed-request`: a sentence for each field that is wrong
 */
export function parseOrRefuse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.infer<Schema> {
  const result = schema.safeParse(value, { error: messageOf })
  if (result.success) return result.data
  throw new ProblemError('malformed-request', toSentences(result.error.issues, where))
}

/** Attributes as JSON text, or as a value that is already parsed. @throws ProblemError `malformed-request` */
export function readAttributes(value: unknown, where: string): Attributes {
  const attributes = typeof value === 'string' ? parseJson(value, where) : value
  // Zod leaves it out.
  if (Object.hasOwn(Object(attributes), '__proto__')) {
    throw new ProblemError('malformed-request', `${where}.__proto__ is not allowed; use another key.`)
  }
  return parseOrRefuse(Attributes, attributes, where)
}

/** @throws ProblemError `malformed-request` */
function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ProblemError('malformed-request', `${where} is not valid JSON.`, { cause })
  }
}

/**
 * Parses environment variables. An empty one counts as missing.
 *
 * @throws Error that names each invalid variable and the reason
 */
export function parseVariables<Schema extends z.ZodType>(
  schema: Schema,
  variables: Record<string, string | undefined>,
): z.infer<Schema> {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const result = schema.safeParse(set)
  if (result.success) return result.data
  throw new Error(`Invalid environment variables:\n${z.prettifyError(result.error)}`)
}
