import { DAY_MS, type Policy } from './policies.ts'

/** Sums by the name of their counter, such as `images:10000:178012345`: the policy, the length of its window, and which one. */
export type Sums = Record<string, number>

const isDaily = ({ windowMs }: Policy) => windowMs === DAY_MS

const windowAt = ({ windowMs }: Policy, now: number) => Math.floor(now / windowMs)

const counterIn = ({ name, windowMs }: Policy, window: number) => `${name}:${windowMs}:${window}`

/** The counter that a use at a time is added to. */
export function counterAt(policy: Policy, now: number): string {
  return counterIn(policy, windowAt(policy, now))
}

/** Whether a counter can be deleted: neither its window nor the next one lasts. */
export function isPast(counter: string, now: number): boolean {
  const [, windowMs, window] = counter.split(':').map(Number)
  return windowMs !== undefined && window !== undefined && now >= (window + 2) * windowMs
}

/**
 * What was used in the window that ends now: the sum of the current window, and of the previous one the part that is less than
 * a window ago, as if its uses had come evenly. A day has no previous one: its quota is new at midnight.
 */
export function usedAt(policy: Policy, sums: Sums, now: number): number {
  const window = windowAt(policy, now)
  const current = sums[counterIn(policy, window)] ?? 0
  if (isDaily(policy)) return current
  const elapsed = now / policy.windowMs - window
  return (sums[counterIn(policy, window - 1)] ?? 0) * (1 - elapsed) + current
}

/** Milliseconds until `units` more fit, if nothing else is used. Never more than two windows. */
export function waitMs(policy: Policy, sums: Sums, units: number, now: number): number {
  const { quota, windowMs } = policy
  const window = windowAt(policy, now)
  const untilNext = (window + 1) * windowMs - now
  const room = Math.max(quota - units, 0)
  const current = sums[counterIn(policy, window)] ?? 0
  if (isDaily(policy)) return current <= room ? 0 : untilNext
  const previous = sums[counterIn(policy, window - 1)] ?? 0
  if (previous * (untilNext / windowMs) + current <= room) return 0
  if (current <= room) return Math.max(untilNext - ((room - current) / previous) * windowMs, 0)
  return untilNext + (1 - room / current) * windowMs
}

/** Milliseconds until the current window of a policy ends. */
export function windowEndMs({ windowMs }: Policy, now: number): number {
  return windowMs - (now % windowMs)
}
