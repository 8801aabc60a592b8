import { setTimeout as sleep } from 'node:timers/promises'

/** Wakes whoever waits for something to have changed. */
export class Bell {
  #next = new AbortController()

  ring(): void {
    this.#next.abort()
    this.#next = new AbortController()
  }

  /** Resolves at the next ring, or after `atMostMs`. */
  async heard(atMostMs = 2 ** 31 - 1): Promise<void> {
    await sleep(atMostMs, undefined, { signal: this.#next.signal }).catch(() => {})
  }
}
