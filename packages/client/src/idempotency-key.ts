import { DarkroomError } from './darkroom-error.ts'

const HOUR_MS = 3_600_000
/** The API accepts keys from 24 hours behind to 5 minutes ahead of its time. */
const MAX_BEHIND_MS = 24 * HOUR_MS
const MAX_AHEAD_MS = 5 * 60_000

/**
 * Returns a UUIDv7 (RFC 9562, section 5.7), which becomes the image's id. Create one per image and use it for all attempts.
 * Needs a secure context (https or localhost), like `crypto.randomUUID`.
 */
export function newIdempotencyKey(): string {
  return withTime(crypto.randomUUID(), Date.now())
}

/** Learns the server's time when the API rejects a key because of a wrong device clock. */
export interface Clock {
  /** With the server's time, as far as it is known. */
  newKey(): string
  /**
   * The key to use instead of one that was rejected with `clock-skew`. Undefined for any other error, and for an old key
   * from a device whose clock is right: its image may exist.
   */
  correct(key: string, error: unknown): string | undefined
}

export function createClock(): Clock {
  let offsetMs = 0
  return {
    newKey: () => withTime(newIdempotencyKey(), Date.now() + offsetMs),
    correct(key, error) {
      if (!(error instanceof DarkroomError) || error.serverTimeMs === undefined) return undefined
      const { serverTimeMs } = error
      const deviceTimeMs = Date.now()
      offsetMs = serverTimeMs - deviceTimeMs
      if (isAcceptable(deviceTimeMs, serverTimeMs)) return undefined
      const timeMs = timeOf(key) + coarse(offsetMs)
      return withTime(key, isAcceptable(timeMs, serverTimeMs) ? timeMs : serverTimeMs)
    },
  }
}

/**
 * Rounds down, so that a key is corrected in the same way each time and an upload resumes after a reload. Clocks are often
 * wrong by whole hours; the steps are between those.
 */
function coarse(offsetMs: number): number {
  const stepMs = 6 * HOUR_MS
  const phaseMs = 0.3 * HOUR_MS
  return Math.floor((offsetMs + phaseMs) / stepMs) * stepMs - phaseMs
}

function isAcceptable(keyTimeMs: number, serverTimeMs: number): boolean {
  return keyTimeMs >= serverTimeMs - MAX_BEHIND_MS && keyTimeMs <= serverTimeMs + MAX_AHEAD_MS
}

function timeOf(key: string): number {
  return Number.parseInt(key.replace('-', '').slice(0, 12), 16)
}

/** A UUID with the version 7 and this time. A clock before 1970 counts as 1970. */
function withTime(uuid: string, timeMs: number): string {
  const time = Math.max(0, timeMs).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid.slice(15)}`
}
