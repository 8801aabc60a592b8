import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { UsageLimits } from '@darkroom/app-configuration'
import { type AppId, MAX_STORED_BYTES, type ProblemError } from '@darkroom/core'
import { DAY_MS, needed, type Policy, policiesOf, type Use } from './policies.ts'
import { type Exceeded, rateLimitHeaders } from './rate-limit-headers.ts'
import { openRecent } from './recent.ts'
import { refusalOf, tooManyToCount } from './refusal.ts'
import { isThrottled, type UsageTable } from './usage-table.ts'
import { counterAt, isPast, type Sums, usedAt, waitMs } from './windows.ts'

/** What an app may send; the largest image that it accepts. */
interface LimitedApp {
  limits?: UsageLimits | undefined
  maxBytes?: number | undefined
}

export interface LimiterOptions {
  table: UsageTable
  limitsOf(app: AppId): LimitedApp | Promise<LimitedApp>
  /** Called if usage could not be added up. Uploads go on without limits. */
  onFailure(app: AppId, error: Error): void
  /** In milliseconds. For tests. */
  now?: () => number
}

/** Headers that tell a client of the limits. None for an app without limits. */
type LimitHeaders = Record<string, string>

export interface Limiter {
  /**
   * Refuses an upload that this instance knows to be over a limit, without a request: for a start, before anything else is done.
   *
   * @throws ProblemError as `admit` does
   */
  requireRoom(app: AppId, use: Use): Promise<void>
  /**
   * Counts an upload, unless it is over a limit of its app.
   *
   * @throws ProblemError `rate-limited`, `quota-exceeded`, with the headers of the answer
   */
  admit(app: AppId, use: Use): Promise<LimitHeaders>
  /** Counts pixels that were not known when the upload was admitted. Never throws. */
  addPixels(app: AppId, pixels: number): Promise<void>
}

/** DynamoDB takes 1,000 writes of an item a second. */
const IMAGES_PER_ITEM = 500
/** After a failure, so that uploads do not wait for the table one after the other. */
const RETRY_MS = 5_000
/** Items that one function remembers. */
const MAX_ITEMS = 1_000
/** An item is read on its day. */
const KEPT_MS = 2 * DAY_MS

/** What one instance of a function knows of an item. */
interface Known {
  /** Counters that can be deleted. */
  past: string[]
  /** An upload that was refused. Until then, another of this size would be refused as well. */
  refused?: { until: number; units: number; policy: Policy; before: Sums }
}

/**
 * Limits what apps may send, over all instances of all functions (decisions/0063-limits-per-app.md). Each upload is added to the
 * counters of its app, and the sums that come back decide, so no two instances can take the same last place. What is refused
 * is taken back. An instance that refused an upload does not ask again before there is room.
 */
export function openLimiter({ table, limitsOf, onFailure, now = Date.now }: LimiterOptions): Limiter {
  const knownOf = openRecent<Known>(MAX_ITEMS, () => ({ past: [] }))
  let pausedUntil = 0

  /** The sums of an item with these amounts. Undefined if the table does not answer. */
  async function add(app: AppId, key: string, amounts: Sums): Promise<Sums | undefined> {
    const at = now()
    if (at < pausedUntil) return undefined
    const known = knownOf(key)
    try {
      const sums = await table.add(key, amounts, known.past, new Date(at + KEPT_MS))
      known.past = Object.keys(sums).filter((counter) => isPast(counter, at))
      return sums
    } catch (error) {
      if (isThrottled(error)) throw tooManyToCount(app)
      pausedUntil = at + RETRY_MS
      onFailure(app, error as Error)
      return undefined
    }
  }

  /** The limits of an app at a time, and one of the items that have its counters. */
  async function look(app: AppId) {
    const { limits = {}, maxBytes = MAX_STORED_BYTES } = await limitsOf(app)
    const [at, weight] = [now(), weightOf(limits)]
    return { policies: policiesOf(limits, maxBytes), at, weight, key: itemOf(app, at, weight) }
  }
  type Look = Awaited<ReturnType<typeof look>>

  /** @param before the sums without the upload that is refused */
  function refuse(app: AppId, { policies, at }: Look, before: Sums, exceeded: Exceeded): ProblemError {
    return refusalOf(app, exceeded, rateLimitHeaders(policies, before, at, exceeded))
  }

  function requireRoom(app: AppId, use: Use, looked: Look): void {
    const { policies, at, key } = looked
    const { refused } = knownOf(key)
    // A limit that was changed since counts at once.
    const policy = refused && policies.find((one) => isDeepStrictEqual(one, refused.policy))
    if (!policy || at >= refused.until || needed(policy, use) < refused.units) return
    throw refuse(app, looked, refused.before, { policy, waitMs: refused.until - at })
  }

  return {
    async requireRoom(app, use) {
      requireRoom(app, use, await look(app))
    },

    async admit(app, use) {
      const looked = await look(app)
      const { policies, at, weight, key } = looked
      if (policies.length === 0) return {}
      requireRoom(app, use, looked)
      const amounts = amountsOf(policies, use, weight, at)
      const sums = await add(app, key, amounts)
      if (!sums) return {}
      const before = without(sums, amounts)
      const exceeded = exceededIn(policies, sums, amounts, at)
      if (!exceeded) return rateLimitHeaders(policies, sums, at)
      const units = needed(exceeded.policy, use)
      knownOf(key).refused = { until: at + exceeded.waitMs, units, policy: exceeded.policy, before }
      await add(app, key, without({}, amounts))
      throw refuse(app, looked, before, exceeded)
    },

    async addPixels(app, pixels) {
      const { policies, at, weight, key } = await look(app)
      const counted = policies.filter(({ unit }) => unit === 'pixels')
      if (counted.length === 0) return
      const amounts = amountsOf(counted, { bytes: 0, pixels }, weight, at)
      await add(app, key, amounts).catch((error) => onFailure(app, error))
    },
  }
}

/**
 * The items that share the counters of an app, so that none is written too often. An upload is added to one of them, as many times
 * as there are items: each is an estimate of the whole.
 */
function weightOf({ imagesPerSecond = 0 }: UsageLimits): number {
  return Math.max(Math.ceil(imagesPerSecond / IMAGES_PER_ITEM), 1)
}

/** `shop/2026-11-29/0` */
function itemOf(app: AppId, now: number, weight: number): string {
  return `${app}/${new Date(now).toISOString().slice(0, 10)}/${randomInt(weight)}`
}

function amountsOf(policies: Policy[], use: Use, weight: number, now: number): Sums {
  return Object.fromEntries(
    policies.map((policy) => [counterAt(policy, now), needed(policy, use) * weight] as const),
  )
}

/** The policy that has no room for the longest time. */
function exceededIn(policies: Policy[], sums: Sums, amounts: Sums, now: number): Exceeded | undefined {
  const before = without(sums, amounts)
  const exceeded = policies
    .filter((policy) => usedAt(policy, sums, now) > policy.quota)
    .map((policy) => ({ policy, waitMs: waitMs(policy, before, amounts[counterAt(policy, now)] ?? 0, now) }))
  return exceeded.sort((a, b) => b.waitMs - a.waitMs)[0]
}

function without(sums: Sums, amounts: Sums): Sums {
  const counters = Object.keys({ ...sums, ...amounts })
  return Object.fromEntries(
    counters.map((counter) => [counter, (sums[counter] ?? 0) - (amounts[counter] ?? 0)]),
  )
}
