const MINUTE_MS = 60_000

/** How often originals are looked for that are written long after the time of their id, in minutes. */
const LATE_INTERVAL_MINUTES = 16

/** The ages at which an image is swept, in minutes: 2, 4, 8 and so on, until the third day. */
const AGES_MINUTES = Array.from({ length: 12 }, (_, exponent) => 2 ** (exponent + 1))

/** A range of times; `to` is excluded. */
export interface SweepWindow {
  from: Date
  to: Date
}

/**
 * The images of a sweep at `time`. With a sweep every minute, each image is swept once at each age, or up to a quarter of
 * the age later. Sweeps keep no state: if one misses an image, the next age catches it. Windows of higher ages are wider
 * and less frequent, so there are three per minute on average.
 */
export function sweepWindows(time: Date): SweepWindow[] {
  const minute = Math.floor(time.getTime() / MINUTE_MS)
  return AGES_MINUTES.map((age) => ({ age, width: Math.max(1, age / 4) }))
    .filter(({ width }) => minute % width === 0)
    .map(({ age, width }) => ({
      from: new Date((minute - age - width) * MINUTE_MS),
      to: new Date((minute - age) * MINUTE_MS),
    }))
}

/**
 * The same by the time of writing, for late originals: 2 to 18 minutes after they are written, and at each age from 64
 * minutes on. Finding them takes a listing of days, so all that is due is looked for at once, every 16 minutes.
 */
export function lateWindows(time: Date): SweepWindow[] {
  const minute = Math.floor(time.getTime() / MINUTE_MS)
  if (minute % LATE_INTERVAL_MINUTES !== 0) return []
  const to = new Date((minute - 2) * MINUTE_MS)
  const first = { from: new Date(to.getTime() - LATE_INTERVAL_MINUTES * MINUTE_MS), to }
  return [first, ...sweepWindows(time).filter(({ from, to }) => widthOf(from, to) >= LATE_INTERVAL_MINUTES)]
}

function widthOf(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / MINUTE_MS
}

export function isWithin(windows: SweepWindow[], time: Date): boolean {
  return windows.some(({ from, to }) => time >= from && time < to)
}
