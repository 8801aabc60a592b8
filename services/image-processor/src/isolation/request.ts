import { type Preset, ProblemError, type ProblemSlug } from '@darkroom/core'
import type { Developed } from '../development/develop.ts'
import type { Containment } from './contain.ts'

/** What is sent to the engine's process, one at a time. */
export interface Request {
  original: Uint8Array
  preset: Preset
}

/** What comes back. An error loses its class between processes, so a ProblemError is sent in parts. */
export type Reply =
  | { developed: Developed }
  | { problem: { slug: ProblemSlug; detail: string; cause: unknown } }
  | { error: unknown }

/** The first message of an engine's process: its engine is loaded, and whether it is contained. */
export type Ready = Containment

export function toReply(error: unknown): Reply {
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
export function readReply(reply: Reply): Developed {
  if ('developed' in reply) return reply.developed
  if ('error' in reply) throw reply.error
  const { slug, detail, cause } = reply.problem
  throw new ProblemError(slug, detail, { cause })
}
