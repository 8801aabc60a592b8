import { setTimeout as sleep } from 'node:timers/promises'
import { EventSourceError } from './event-source-error.ts'
import type { Outage } from './outage.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 3_000

type Terms = {
  outage: Outage
  /** Ends the waiting: what was tried rejects then. */
  signal?: AbortSignal
  /** Which errors to outlast; any other is the caller's. */
  outlast?: (error: unknown) => boolean
}

/** Repeats `action` until it succeeds, with pauses of 100 ms, 200 ms, 400 ms … 3 s. */
export async function keepTrying<T>(
  action: () => Promise<T>,
  { outage, signal, outlast = isUnreachable }: Terms,
): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      const result = await action()
      outage.over()
      return result
    } catch (error) {
      signal?.throwIfAborted()
      if (!outlast(error)) throw error
      outage.noticed(error)
    }
    await sleep(pause, undefined, signal ? { signal } : {})
  }
}

/** A service that answered at all, other than with a 5xx, is there, and means what it says. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof EventSourceError) return false
  if (error.name === 'CredentialsProviderError') return false
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === undefined || status >= 500
}
