import * as z from 'zod'

/**
 * Text from a client: any well-formed Unicode. Half of a surrogate pair, as `caption.slice(0, 256)` can leave in JavaScript,
 * has no UTF-8, so it could not be stored as it was sent.
 */
export const Text = z
  .string()
  .refine(
    (text) => text.isWellFormed(),
    'is cut inside a character (a lone surrogate); send well-formed Unicode',
  )

/** JSON in ASCII. SQS rejects some characters, such as U+FFFF, but not their escapes. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
