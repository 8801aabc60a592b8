import { setTimeout as sleep } from 'node:timers/promises'

const POLL_INTERVAL_MS = 100

/** Shorter than a test's timeout, so that the error shows what was waited for. */
const TIMEOUT_MS = 480_000

type Look<Found> = () => Promise<Found | undefined | false> | Found | undefined | false

/** Polls until `look` returns something, and returns that. @throws Error after the timeout */
export async function until<Found>(look: Look<Found>): Promise<Found> {
  const deadline = Date.now() + TIMEOUT_MS
  while (Date.now() < deadline) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await sleep(POLL_INTERVAL_MS)
  }
  throw new Error(`Waited for ${TIMEOUT_MS / 1000} s without success: ${look}`)
}
