import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isWithin, lateWindows, sweepWindows } from './sweep-windows.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS

test('with a sweep every minute, each image is swept twelve times, first after two to three minutes', () => {
  const began = Date.parse('2026-11-23T00:00:00.000Z')
  fc.assert(
    fc.property(fc.nat(DAY_MS), fc.nat(MINUTE_MS - 1), (age, delay) => {
      const accepted = began + age
      const ages: number[] = []
      for (let minute = 0; minute < 5 * 1440; minute++) {
        const time = new Date(began + minute * MINUTE_MS + delay)
        const looks = sweepWindows(time).filter(
          ({ from, to }) => from.getTime() <= accepted && accepted < to.getTime(),
        )
        for (const _ of looks) ages.push((time.getTime() - accepted) / MINUTE_MS)
      }
      expect(ages).toHaveLength(12)
      ages.forEach((seen, n) => {
        expect(seen).toBeGreaterThan(2 ** (n + 1))
        expect(seen).toBeLessThan(2 ** (n + 1) * 1.25 + 2)
      })
    }),
    { numRuns: 20 },
  )
})

test('what is written late is looked at after 2 to 18 minutes, and seven more times', () => {
  const began = Date.parse('2026-11-23T00:00:00.000Z')
  fc.assert(
    fc.property(fc.nat(DAY_MS), (age) => {
      const written = new Date(began + age)
      const ages: number[] = []
      for (let minute = 0; minute < 6 * 1440; minute++) {
        const time = new Date(began + minute * MINUTE_MS)
        const looks = lateWindows(time).filter((window) => isWithin([window], written))
        for (const _ of looks) ages.push((time.getTime() - written.getTime()) / MINUTE_MS)
      }
      expect(ages).toHaveLength(8)
      expect(ages[0]).toBeGreaterThan(2)
      expect(ages[0]).toBeLessThanOrEqual(18)
    }),
    { numRuns: 20 },
  )
})
