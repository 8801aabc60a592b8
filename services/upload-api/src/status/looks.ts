import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two looks: often at first, when most images finish, and seldom later. */
const EAGER_INTERVAL = 100
const PATIENT_INTERVAL = 400
const EAGER_FOR = 3_000

/** The moments at which to look again, within so many seconds from now. */
export async function* looks(seconds: number): AsyncGenerator<void> {
  const start = Date.now()
  const end = start + seconds * 1000
  while (Date.now() < end) {
    const interval = Date.now() - start < EAGER_FOR ? EAGER_INTERVAL : PATIENT_INTERVAL
    await sleep(Math.min(interval, Math.max(0, end - Date.now())))
    yield
  }
}
