import { onReturn } from './page.ts'

/**
 * Lets time pass, and ends early when the browser comes back online, the page is shown again, or `signal`
 * is aborted.
 */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      forget()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    const forget = onReturn(end)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
  })
}

/** Doubles with each attempt from half a second to 20, less a random part so that clients spread out. */
export function backoff(attempt: number, retryAfter = 0): number {
  const most = Math.min(500 * 2 ** attempt, 20_000)
  return Math.max(most * (0.5 + Math.random() / 2), retryAfter * 1000)
}
