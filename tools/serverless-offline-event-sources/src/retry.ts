import { setTimeout as sleep } from 'node:timers/promises'
import { EventSourceError } from './event-source-error.ts'
import type { Log } from './serverless.ts'

const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 3_000

/** 100 ms before the first retry, then 200 ms, 400 ms … 3 s. */
export function backoffMs(attempt: number): number {
  return Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** (attempt - 1))
}

interface RetryOptions {
  outage: Outage
  /** Stops retrying; the promise then rejects. */
  signal?: AbortSignal
  /** Which errors to retry. Any other is thrown to the caller. */
  isRetryable?: (error: unknown) => boolean
}

/** Repeats `action` until it succeeds, with a pause before each retry. */
export async function retry<T>(
  action: () => Promise<T>,
  { outage, signal, isRetryable = isUnreachable }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await action()
      outage.end()
      return result
    } catch (error) {
      signal?.throwIfAborted()
      if (!isRetryable(error)) throw error
      outage.begin(error)
    }
    await sleep(backoffMs(attempt), undefined, signal ? { signal } : {})
  }
}

/** True for connection errors and 5xx responses. Any other response is final. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof EventSourceError) return false
  if (error.name === 'CredentialsProviderError') return false
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === undefined || status >= 500
}

/** Logs one line when a service stops responding and one when it responds again. */
export interface Outage {
  begin(error: unknown): void
  end(): void
  readonly isActive: boolean
}

export function watchOutage(what: string, log: Log): Outage {
  let since: number | undefined
  return {
    begin(error) {
      if (since !== undefined) return
      since = Date.now()
      log.warning(`${what} is not responding, retrying: ${reason(error)}`)
    },
    end() {
      if (since === undefined) return
      log.notice(`${what} is responding again after ${((Date.now() - since) / 1000).toFixed(1)} s`)
      since = undefined
    },
    get isActive() {
      return since !== undefined
    },
  }
}

/** For a host with several addresses, Node reports a refused connection as an error without a message. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
}
