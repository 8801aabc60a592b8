const MINUTE_MS = 60_000

/** The ages at which an image is swept, in minutes: 2, 4, 8 and so on, until the third day. */
const AGES_MINUTES = Array.from({ length: 12 }, (_, exponent) => 2 ** (exponent + 1))

/** A range of acceptance times; `to` is excluded. */
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
