import { DarkroomError } from './darkroom-error.ts'
import { isOffline, onReturn } from './page.ts'

const MAX_ATTEMPTS = 5
/** A longer `Retry-After`, for example of an exhausted quota, is for the caller to decide on. */
const MAX_RETRY_AFTER_SECONDS = 120
/** Pause while the browser is offline. It ends early when the browser is online again. */
const OFFLINE_PAUSE_MS = 60_000

/**
 * Retries retryable errors with a backoff, and waits while offline. An attempt that increased `progress()` resets the
 * number of attempts.
 */
export async function withRetries<Result>(
  send: () => Promise<Result>,
  signal: AbortSignal | undefined,
  progress = () => 0,
): Promise<Result> {
  let highest = progress()
  for (let attempt = 1; ; attempt++) {
    while (isOffline() && !signal?.aborted) await pause(OFFLINE_PAUSE_MS, signal)
    try {
      return await send()
    } catch (error) {
      if (progress() > highest) attempt = 1
      highest = progress()
      if (!isWorthRetrying(error) || attempt === MAX_ATTEMPTS) throw error
      await pause(backoffMs(attempt, error.retryAfter), signal)
    }
  }
}

function isWorthRetrying(error: unknown): error is DarkroomError {
  if (!(error instanceof DarkroomError)) return false
  return error.retryable && (error.retryAfter ?? 0) <= MAX_RETRY_AFTER_SECONDS
}

/**
 * Waits. Ends early when the browser is online again, the page is shown again, or `signal` is aborted.
 */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      stopListening()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    const stopListening = onReturn(end)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}

/** Exponential backoff from 1 to 20 seconds with jitter, or `retryAfter` (seconds) if that is longer. */
export function backoffMs(attempt: number, retryAfter = 0): number {
  const maxMs = Math.min(500 * 2 ** attempt, 20_000)
  return Math.max(maxMs * (0.5 + Math.random() / 2), retryAfter * 1000)
}
