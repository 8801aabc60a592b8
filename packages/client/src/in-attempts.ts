import { DarkroomError } from './darkroom-error.ts'
import { isOffline } from './page.ts'
import { backoff, pause } from './pause.ts'

const ATTEMPTS = 5
/** A pause while the browser says that it is offline; it ends when the browser is online again. */
const OFFLINE_PAUSE = 60_000

/**
 * Again after what is retryable, when the API allows it. Time spent offline costs no attempt, and one that has got
 * further than any before it, by what `progress` counts, is not counted.
 */
export async function inAttempts<Result>(
  send: () => Promise<Result>,
  signal: AbortSignal | undefined,
  progress = () => 0,
): Promise<Result> {
  let furthest = progress()
  for (let attempt = 1; ; attempt++) {
    while (isOffline() && !signal?.aborted) await pause(OFFLINE_PAUSE, signal)
    try {
      return await send()
    } catch (error) {
      if (progress() > furthest) attempt = 1
      furthest = progress()
      if (!(error instanceof DarkroomError && error.retryable) || attempt === ATTEMPTS) throw error
      await pause(backoff(attempt, error.retryAfter), signal)
    }
  }
}
