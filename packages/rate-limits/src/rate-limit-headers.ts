import type { AppId } from '@darkroom/core'
import type { Policy } from './policies.ts'
import { type Sums, usedAt, windowEndMs } from './windows.ts'

export const secondsOf = (ms: number) => Math.max(Math.ceil(ms / 1000), 1)

/** A policy that has no room, and how long. */
export interface Exceeded {
  policy: Policy
  waitMs: number
}

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10. The draft has no unit for pixels.
 *
 *     RateLimit-Policy: "images";q=500;w=10, "bytes-per-day";q=1000000000;w=86400;qu="content-bytes"
 *     RateLimit: "images";r=498;t=7, "bytes-per-day";r=999000000;t=40123
 */
export function rateLimitHeaders(policies: readonly Policy[], sums: Sums, now: number, exceeded?: Exceeded) {
  const shown = policies.filter(({ unit }) => unit !== 'pixels')
  if (shown.length === 0) return {}
  const policy = shown.map(
    ({ name, quota, windowMs, unit }) =>
      `"${name}";q=${quota};w=${secondsOf(windowMs)}${unit === 'bytes' ? ';qu="content-bytes"' : ''}`,
  )
  const left = shown.map((one) => {
    const rest = Math.max(Math.floor(one.quota - usedAt(one, sums, now)), 0)
    return one.name === exceeded?.policy.name
      ? `"${one.name}";r=0;t=${secondsOf(exceeded.waitMs)}`
      : `"${one.name}";r=${rest};t=${secondsOf(windowEndMs(one, now))}`
  })
  return { 'ratelimit-policy': policy.join(', '), ratelimit: left.join(', ') }
}

/** `The app shop may send 50 images a second, and 500 at once. Try again in 3 seconds.` */
export function describeRate(app: AppId, { policy, waitMs }: Exceeded): string {
  const { limit, quota, unit } = policy
  return `The app ${app} may send ${amountOf(limit, unit)} a second, and ${quota.toLocaleString('en')} at once. ${tryAgainIn(waitMs)}`
}

/** `1 image`, `1,000 images` */
export function amountOf(count: number, unit: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? unit.replace(/s$/, '') : unit}`
}

/** `Try again in 14 minutes.`: rounded up. */
export function tryAgainIn(waitMs: number): string {
  return `Try again in ${durationOf(secondsOf(waitMs))}.`
}

/** `1 second`, `14 minutes`, `5 hours` */
function durationOf(inSeconds: number): string {
  if (inSeconds < 120) return plural(inSeconds, 'second')
  if (inSeconds < 7200) return plural(Math.ceil(inSeconds / 60), 'minute')
  return plural(Math.ceil(inSeconds / 3600), 'hour')
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
