import { setTimeout as sleep } from 'node:timers/promises'

/** Whether `work` settles before the timeout. It is not cancelled if it does not. */
export async function settlesWithin(seconds: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const deadline = sleep(seconds * 1000, false, { signal: timer.signal }).catch(() => false)
  const ended = work.then(
    () => true,
    () => true,
  )
  const hasSettled = await Promise.race([ended, deadline])
  timer.abort()
  return hasSettled
}

/** Wakes everyone who waits for a change. */
export class Notifier {
  #next = new AbortController()

  notify(): void {
    this.#next.abort()
    this.#next = new AbortController()
  }

  /** Resolves at the next notification or after the timeout. */
  async wait(timeoutMs = 2 ** 31 - 1): Promise<void> {
    await sleep(timeoutMs, undefined, { signal: this.#next.signal }).catch(() => {})
  }
}
