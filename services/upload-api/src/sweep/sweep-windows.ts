const MINUTE = 60_000

/** Minutes after its acceptance at which an image is looked at: 2, 4, 8 and so on, to the third day. */
const AGES = Array.from({ length: 12 }, (_, exponent) => 2 ** (exponent + 1))

/** A span of acceptance, the end of it not included. */
export interface SweepWindow {
  from: Date
  to: Date
}

/**
 * Which images a sweep at `time` looks at. Sweeps once a minute look at each image once at each age, or up to a quarter
 * later, with nothing to remember between them; what one sweep misses is looked at again at the next age. Windows of
 * greater ages are wider and rarer, so that three are looked at in a minute on average.
 */
export function sweepWindows(time: Date): SweepWindow[] {
  const minute = Math.floor(time.getTime() / MINUTE)
  return AGES.map((age) => ({ age, width: Math.max(1, age / 4) }))
    .filter(({ width }) => minute % width === 0)
    .map(({ age, width }) => ({
      from: new Date((minute - age - width) * MINUTE),
      to: new Date((minute - age) * MINUTE),
    }))
}
