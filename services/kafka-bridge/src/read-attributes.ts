import { Attributes, ProblemError } from '@darkroom/core'

/**
 * Reads attributes from JSON text or from what JSON held; `name` is what the sender calls them.
 *
 * @throws ProblemError `malformed-request`
 */
export function readAttributes(name: string, value: unknown): Attributes | undefined {
  if (value === undefined) return undefined
  try {
    return Attributes.parse(typeof value === 'string' ? JSON.parse(value) : value)
  } catch (cause) {
    throw new ProblemError('malformed-request', `${name} is not a JSON object of attributes.`, { cause })
  }
}
