import * as z from 'zod'

/**
 * Text from a client: any well-formed Unicode. Half of a surrogate pair, as `caption.slice(0, 256)` can leave in JavaScript,
 * has no UTF-8, so it could not be stored as it was sent.
 */
export const Text = z.string().refine((text) => text.isWellFormed(), {
  error: 'is cut inside a character (a lone surrogate); send well-formed Unicode',
  abort: true,
})

/** What JSON leaves as it is and a terminal acts on: DEL, the C1 controls, line separators, and marks of direction. */
const UNSAFE_IN_A_TERMINAL = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** For `JSON.stringify`: text of others in a log line cannot change what a terminal shows. JSON escapes the other controls. */
export function visibleInLogs(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(UNSAFE_IN_A_TERMINAL, '\ufffd') : value
}

/** JSON in ASCII. SQS rejects some characters, such as U+FFFF, but not their escapes. */
export function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
