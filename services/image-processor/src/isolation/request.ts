import { type Preset, ProblemError, type ProblemSlug } from '@darkroom/core'
import type { Developed } from '../development/develop.ts'

/** What goes to the engine's process, one at a time. */
export interface Request {
  original: Uint8Array
  preset: Preset
}

/** What comes back. Between processes an error loses its class, so that a ProblemError goes as its parts. */
export type Answer =
  | { developed: Developed }
  | { problem: { slug: ProblemSlug; detail: string; cause: unknown } }
  | { error: unknown }

/** The first message of an engine's process: its engine is loaded, and requests are welcome. */
export const READY = 'ready'

export function toAnswer(error: unknown): Answer {
  if (!(error instanceof ProblemError)) return { error: plain(error) }
  const { slug, detail, cause } = error
  return { problem: { slug, detail, cause: plain(cause) } }
}

/** An error may carry what cannot be sent; name, message and stack are what a log needs. */
function plain(error: unknown): unknown {
  if (!(error instanceof Error)) return error === undefined ? undefined : String(error)
  const { name, message, stack } = error
  return Object.assign(new Error(message), { name, stack })
}

/** @throws what the engine threw */
export function readAnswer(answer: Answer): Developed {
  if ('developed' in answer) return answer.developed
  if ('error' in answer) throw answer.error
  const { slug, detail, cause } = answer.problem
  throw new ProblemError(slug, detail, { cause })
}
