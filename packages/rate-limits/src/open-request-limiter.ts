import type { RequestRate } from '@darkroom/app-configuration'
import type { AppId } from '@darkroom/core'
import { DAY_MS, type Policy, requestPolicy } from './policies.ts'
import { describeRate, type Exceeded, rateLimitHeaders, secondsOf } from './rate-limit-headers.ts'
import { openRecent } from './recent.ts'
import { isThrottled, type UsageTable } from './usage-table.ts'
import { counterAt, isPast, type Sums, usedAt, waitMs } from './windows.ts'

export interface RequestLimiterOptions {
  table: UsageTable
  /** Undefined for an app without a limit. */
  rateOf(app: AppId): RequestRate | undefined
  /** Called if requests could not be added up. They go on without a limit. */
  onFailure(app: AppId, error: Error): void
  /** In milliseconds. For tests. */
  now?: () => number
}

/** What the answer to a request says of the limit. All text, as an authorizer has to tell it. */
export interface RequestLimit {
  ratelimit?: string
  'ratelimit-policy'?: string
  /** Why the request is refused, and seconds until there is room. */
  overLimit?: string
  retryAfter?: string
}

export interface RequestLimiter {
  /** Counts a request, unless it is over the limit of its app. Never throws. */
  count(app: AppId): Promise<RequestLimit>
}

/** The part of a burst that an instance may admit before it adds it to the table. */
const UNREPORTED_PART = 1 / 20
/** And at most so many requests, or those of a hundredth of a second: then an app costs some hundred writes a second. */
const MAX_UNREPORTED = 10
const MAX_UNREPORTED_SECONDS = 1 / 100
/** An instance that refused a request refuses others for as long: no `Retry-After` is shorter. */
const MIN_REFUSAL_MS = 1_000
/** After a failure, so that requests do not wait for the table one after the other. */
const RETRY_MS = 5_000
/** Apps that one function remembers. */
const MAX_APPS = 1_000
const KEPT_MS = 2 * DAY_MS

/** What one instance knows of the requests of an app. */
interface Known {
  /** The counter of the current window. */
  counter: string
  /** Of this window, not in `sums`. */
  unreported: number
  /** What the table had when it was asked last. */
  sums: Sums
  refusedUntil: number
  reporting?: Promise<'counted' | 'throttled' | 'failed'> | undefined
}

/**
 * Limits the HTTP requests of apps (decisions/0078-limits-on-requests.md). An instance counts requests itself, adds them to the table
 * some at a time, and gets the sums of all instances. Until the next time it knows of the others' requests only what it was told, so
 * each instance can admit a few too many. It never refuses an app below its limit.
 */
export function openRequestLimiter({
  table,
  rateOf,
  onFailure,
  now = Date.now,
}: RequestLimiterOptions): RequestLimiter {
  const knownOf = openRecent<Known>(MAX_APPS, () => ({
    counter: '',
    unreported: 0,
    sums: {},
    refusedUntil: 0,
  }))
  let pausedUntil = 0

  async function report(app: AppId, known: Known, at: number) {
    const { counter, unreported } = known
    const key = `${app}/${new Date(at).toISOString().slice(0, 10)}/requests`
    const past = Object.keys(known.sums).filter((one) => isPast(one, at))
    try {
      known.sums = await table.add(key, { [counter]: unreported }, past, new Date(at + KEPT_MS))
      if (known.counter === counter) known.unreported -= unreported
      return 'counted'
    } catch (error) {
      if (isThrottled(error)) return 'throttled'
      pausedUntil = at + RETRY_MS
      onFailure(app, error as Error)
      return 'failed'
    } finally {
      known.reporting = undefined
    }
  }

  return {
    async count(app) {
      const rate = rateOf(app)
      if (!rate) return {}
      const [policy, at] = [requestPolicy(rate), now()]
      const known = knownOf(app)
      if (known.counter !== counterAt(policy, at))
        Object.assign(known, { counter: counterAt(policy, at), unreported: 0 })
      if (at < known.refusedUntil) return refuse(app, { policy, waitMs: known.refusedUntil - at }, known, at)
      const most = mostUnreported(policy)
      if (known.unreported >= most || !hasRoom(policy, known, at)) {
        if (at < pausedUntil) return {}
        known.reporting ??= report(app, known, at)
        const outcome = await known.reporting
        if (outcome === 'failed') return {}
        if (outcome === 'throttled' || !hasRoom(policy, known, at)) {
          const wait = waitMs(policy, sumsOf(known), most, at)
          known.refusedUntil = at + Math.max(wait, MIN_REFUSAL_MS)
          return refuse(app, { policy, waitMs: known.refusedUntil - at }, known, at)
        }
      }
      known.unreported++
      return rateLimitHeaders([policy], sumsOf(known), at)
    },
  }
}

function mostUnreported({ quota, limit }: Policy): number {
  const most = Math.min(quota * UNREPORTED_PART, Math.max(MAX_UNREPORTED, limit * MAX_UNREPORTED_SECONDS))
  return Math.max(Math.floor(most), 1)
}

/** The sums of the table with what is not in them yet. */
function sumsOf({ counter, unreported, sums }: Known): Sums {
  return { ...sums, [counter]: (sums[counter] ?? 0) + unreported }
}

function hasRoom(policy: Policy, known: Known, now: number): boolean {
  return usedAt(policy, sumsOf(known), now) + 1 <= policy.quota
}

function refuse(app: AppId, exceeded: Exceeded, known: Known, now: number): RequestLimit {
  return {
    ...rateLimitHeaders([exceeded.policy], sumsOf(known), now, exceeded),
    overLimit: describeRate(app, exceeded),
    retryAfter: String(secondsOf(exceeded.waitMs)),
  }
}
