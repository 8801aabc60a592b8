import { setTimeout as sleep } from 'node:timers/promises'
import { EventSourceError } from './event-source-error.ts'
import type { Outage } from './outage.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 3_000

/** 100 ms before the first retry, then 200 ms, 400 ms … 3 s. */
export function pauseBefore(retry: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (retry - 1))
}

type Terms = {
  outage: Outage
  /** Ends the waiting: what was tried rejects then. */
  signal?: AbortSignal
  /** Which errors to outlast; any other is the caller's. */
  outlast?: (error: unknown) => boolean
}

/** Repeats `action` until it succeeds, with a pause before each retry. */
export async function keepTrying<T>(
  action: () => Promise<T>,
  { outage, signal, outlast = isUnreachable }: Terms,
): Promise<T> {
  for (let retry = 1; ; retry++) {
    try {
      const result = await action()
      outage.over()
      return result
    } catch (error) {
      signal?.throwIfAborted()
      if (!outlast(error)) throw error
      outage.noticed(error)
    }
    await sleep(pauseBefore(retry), undefined, signal ? { signal } : {})
  }
}

/** A service that answered at all, other than with a 5xx, is there, and means what it says. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof EventSourceError) return false
  if (error.name === 'CredentialsProviderError') return false
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === undefined || status >= 500
}
