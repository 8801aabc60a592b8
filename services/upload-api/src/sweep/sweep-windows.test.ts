import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { sweepWindows } from './sweep-windows.ts'

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
