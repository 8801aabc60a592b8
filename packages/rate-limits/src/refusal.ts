import { type AppId, ProblemError } from '@darkroom/core'
import { DAY_MS, type Policy } from './policies.ts'
import { type Sums, usedAt, windowEndMs } from './windows.ts'

const seconds = (ms: number) => Math.max(Math.ceil(ms / 1000), 1)

/** A policy that has no room for an upload, and how long. */
export interface Exceeded {
  policy: Policy
  waitMs: number
}

/** 429, with what the app may send and when to try again. */
export function refusalOf(
  app: AppId,
  { policy, waitMs }: Exceeded,
  headers: Record<string, string>,
): ProblemError {
  const options = { headers: { ...headers, 'retry-after': String(seconds(waitMs)) } }
  const { limit, quota, unit, windowMs } = policy
  const wait = `Try again in ${durationOf(seconds(waitMs))}.`
  if (windowMs === DAY_MS) {
    const detail = `The app ${app} has used its ${figure(limit)} ${unit} of today (UTC). ${wait}`
    return new ProblemError('quota-exceeded', detail, options)
  }
  const units = unit === 'requests' ? 'images' : unit
  const detail = `The app ${app} may send ${figure(limit)} ${units} a second, and ${figure(quota)} at once. ${wait}`
  return new ProblemError('rate-limited', detail, options)
}

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10. The draft has no unit for pixels.
 *
 *     RateLimit-Policy: "requests";q=500;w=10, "bytes-per-day";q=1000000000;w=86400;qu="content-bytes"
 *     RateLimit: "requests";r=498;t=7, "bytes-per-day";r=999000000;t=40123
 */
export function rateLimitHeaders(policies: readonly Policy[], sums: Sums, now: number, exceeded?: Exceeded) {
  const shown = policies.filter(({ unit }) => unit !== 'pixels')
  if (shown.length === 0) return {}
  const policy = shown.map(
    ({ name, quota, windowMs, unit }) =>
      `"${name}";q=${quota};w=${seconds(windowMs)}${unit === 'bytes' ? ';qu="content-bytes"' : ''}`,
  )
  const left = shown.map((one) => {
    const rest = Math.max(Math.floor(one.quota - usedAt(one, sums, now)), 0)
    return one.name === exceeded?.policy.name
      ? `"${one.name}";r=0;t=${seconds(exceeded.waitMs)}`
      : `"${one.name}";r=${rest};t=${seconds(windowEndMs(one, now))}`
  })
  return { 'ratelimit-policy': policy.join(', '), ratelimit: left.join(', ') }
}

const figure = (count: number) => count.toLocaleString('en')

/** `1 second`, `14 minutes`, `5 hours`: rounded up. */
function durationOf(inSeconds: number): string {
  if (inSeconds < 120) return plural(inSeconds, 'second')
  if (inSeconds < 7200) return plural(Math.ceil(inSeconds / 60), 'minute')
  return plural(Math.ceil(inSeconds / 3600), 'hour')
}

function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** 429 for an app that sends more than its item can count. */
export function tooManyToCount(app: AppId): ProblemError {
  const detail = `The app ${app} sends more images a second than can be counted. Try again in 1 second.`
  return new ProblemError('rate-limited', detail, { headers: { 'retry-after': '1' } })
}
