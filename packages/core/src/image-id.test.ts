import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { validate, version } from 'uuid'
import { dateOf, deriveImageId, ImageId, isPlausibleTime, newImageId, timeOf } from './image-id.ts'

const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const time = fc.integer({ min: 0, max: LAST_INSTANT })
const event = fc.record({ app: fc.string(), time, source: fc.string(), id: fc.string() })

const derive = ({ time, ...rest }: { app: string; time: number; source: string; id: string }) =>
  deriveImageId({ ...rest, time: new Date(time) })

describe('a new id', () => {
  test('is a UUIDv7 that contains its time and date', () => {
    fc.assert(
      fc.property(time, (milliseconds) => {
        const id = newImageId(new Date(milliseconds))
        expect(ImageId.parse(id)).toBe(id)
        expect([validate(id), version(id)]).toEqual([true, 7])
        expect(timeOf(id).getTime()).toBe(milliseconds)
        expect(dateOf(id)).toBe(new Date(milliseconds).toISOString().slice(0, 10))
      }),
    )
  })

  test('sorts by time as text', () => {
    fc.assert(
      fc.property(fc.uniqueArray(time, { minLength: 2, maxLength: 20 }), (times) => {
        const inOrder = times.sort((a, b) => a - b).map((milliseconds) => newImageId(new Date(milliseconds)))
        expect([...inOrder].sort()).toEqual(inOrder)
      }),
    )
  })

  test('has the current time and is unique', () => {
    const before = Date.now()
    const ids = Array.from({ length: 1000 }, () => newImageId())
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) {
      expect(timeOf(id).getTime()).toBeGreaterThanOrEqual(before)
      expect(timeOf(id).getTime()).toBeLessThanOrEqual(Date.now())
    }
  })
})

describe('a derived id', () => {
  test('is a UUIDv7 with the time of the event, and always the same', () => {
    fc.assert(
      fc.property(event, (some) => {
        const id = derive(some)
        expect(ImageId.parse(id)).toBe(id)
        expect([validate(id), version(id)]).toEqual([true, 7])
        expect(timeOf(id).getTime()).toBe(some.time)
        expect(derive(some)).toBe(id)
      }),
    )
  })

  test('does not change between releases', () => {
    const time = Date.UTC(2026, 10, 23)
    const id = derive({ app: 'web-app-2', time, source: 'kafka:images', id: '0-15' })
    expect(id).toMatchInlineSnapshot(`"01a205b3-d000-73c5-a973-3046e8226c16"`)
  })

  test('differs with each of its inputs', () => {
    fc.assert(
      fc.property(event, event, (one, other) => {
        const same =
          JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort())
        fc.pre(!same)
        for (const name of ['app', 'time', 'source', 'id'] as const) {
          if (one[name] === other[name]) continue
          expect(derive({ ...one, [name]: other[name] })).not.toBe(derive(one))
        }
      }),
    )
  })

  test('differs only in its start if the time differs', () => {
    fc.assert(
      fc.property(event, time, (some, other) => {
        expect(derive({ ...some, time: other }).slice(15)).toBe(derive(some).slice(15))
      }),
    )
  })

  test('differs if characters move from one input to the next', () => {
    const common = { time: 0, app: 'a' }
    expect(derive({ ...common, source: 'ab', id: 'c' })).not.toBe(
      derive({ ...common, source: 'a', id: 'bc' }),
    )
    expect(derive({ time: 0, app: 'a', source: 'b', id: '' })).not.toBe(
      derive({ time: 0, app: 'ab', source: '', id: '' }),
    )
  })

  test.each([-1, LAST_INSTANT + 1, Number.NaN])('cannot be derived from the time %p', (time) => {
    expect(() => derive({ app: 'a', time, source: 's', id: 'i' })).toThrow(RangeError)
  })
})

describe('a time is plausible', () => {
  const now = Date.UTC(2026, 10, 23, 10)
  test.each([
    [-86_400_000, true],
    [-86_400_001, false],
    [300_000, true],
    [300_001, false],
    [Number.NaN, false],
  ])('%p ms from now: %p', (ms, plausible) => {
    expect(isPlausibleTime(new Date(now + ms), now)).toBe(plausible)
  })
})

describe('an image id is refused', () => {
  const id = '01a207d9-2100-7000-8000-0a1b2c3d4e5f'
  test.each([
    ['upper case', id.toUpperCase()],
    ['version 4', '01a207d9-2100-4000-8000-0a1b2c3d4e5f'],
    ['another variant', '01a207d9-2100-7000-c000-0a1b2c3d4e5f'],
    ['a time after 9999', 'ffffffff-ffff-7000-8000-0a1b2c3d4e5f'],
    ['no hyphens', id.replaceAll('-', '')],
    ['a line behind it', `${id}\n`],
    ['braces', `{${id}}`],
  ])('%s', (_what, text) => expect(ImageId.safeParse(text).success).toBe(false))

  test('unless it is valid, and is then not changed', () => expect(ImageId.parse(id)).toBe(id))
})
