import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 100

/** Less than a test has, so that it ends with the line that waited in vain. */
const PATIENCE_MS = 100_000

type Look<Found> = () => Promise<Found | undefined | false> | Found | undefined | false

/** Resolves with what `look` finds as soon as that is something. @throws Error if it never is */
export async function until<Found>(look: Look<Found>): Promise<Found> {
  const deadline = Date.now() + PATIENCE_MS
  while (Date.now() < deadline) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await sleep(PAUSE_MS)
  }
  throw new Error(`Waited for ${PATIENCE_MS / 1000} s in vain: ${look}`)
}
