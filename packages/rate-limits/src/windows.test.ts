import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DAY_MS, type Policy, policiesOf } from './policies.ts'
import { counterAt, isPast, type Sums, usedAt, waitMs } from './windows.ts'

const [perSecond] = policiesOf({ imagesPerSecond: 50, burstImages: 500 }, 1) as [Policy]
const [images] = policiesOf({ imagesPerDay: 1_000 }, 1) as [Policy]
/** The start of a window of 10 seconds and of a day. */
const MIDNIGHT = Date.UTC(2026, 10, 29)

const sumsOf = (policy: Policy, now: number, current: number, previous = 0): Sums => ({
  [counterAt(policy, now)]: current,
  [counterAt(policy, now - policy.windowMs)]: previous,
})

describe('a rate', () => {
  test('is a quota of its burst, in the time that the burst takes', () => {
    expect(perSecond).toMatchObject({ quota: 500, windowMs: 10_000 })
  })

  test.each([
    // elapsed, current, previous, used, wait for 1
    [0, 0, 500, 500, 20],
    [5_000, 0, 500, 250, 0],
    [5_000, 249, 500, 499, 0],
    [5_000, 250, 500, 500, 20],
    [5_000, 500, 0, 500, 5_020],
    [9_999, 500, 500, 500.05, 21],
  ])('%i ms into a window with %i uses after one with %i', (elapsed, current, previous, used, wait) => {
    const now = MIDNIGHT + elapsed
    const sums = sumsOf(perSecond, now, current, previous)
    expect(usedAt(perSecond, sums, now)).toBeCloseTo(used)
    expect(waitMs(perSecond, sums, 1, now)).toBeCloseTo(wait)
  })
})

test('a day has all of its quota at midnight', () => {
  const noon = MIDNIGHT + DAY_MS / 2
  expect(waitMs(images, sumsOf(images, noon, 999), 1, noon)).toBe(0)
  expect(waitMs(images, sumsOf(images, noon, 1_000), 1, noon)).toBe(DAY_MS / 2)
  expect(usedAt(images, sumsOf(images, MIDNIGHT, 0, 1_000), MIDNIGHT)).toBe(0)
})

test('after the time to wait there is room, and not long before', () => {
  const uses = fc.record({
    elapsed: fc.integer({ min: 0, max: 9_999 }),
    current: fc.integer({ min: 0, max: 500 }),
    previous: fc.integer({ min: 0, max: 500 }),
    units: fc.integer({ min: 1, max: 500 }),
  })
  fc.assert(
    fc.property(uses, ({ elapsed, current, previous, units }) => {
      const now = MIDNIGHT + elapsed
      const sums = sumsOf(perSecond, now, current, previous)
      const wait = waitMs(perSecond, sums, units, now)
      expect(wait).toBeLessThanOrEqual(2 * perSecond.windowMs)
      expect(usedAt(perSecond, sums, now + wait + 0.001) + units).toBeLessThanOrEqual(500.001)
      if (wait > 2) expect(usedAt(perSecond, sums, now + wait - 2) + units).toBeGreaterThan(500)
    }),
  )
})

test('a counter is past when no window uses it', () => {
  const counter = counterAt(perSecond, MIDNIGHT)
  expect(isPast(counter, MIDNIGHT + 19_999)).toBe(false)
  expect(isPast(counter, MIDNIGHT + 20_000)).toBe(true)
  expect(isPast('expiresAt', MIDNIGHT)).toBe(false)
})
