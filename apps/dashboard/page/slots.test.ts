import { expect, test } from '@jest/globals'
import { lastDays } from './selection.ts'
import { datesOf, slotLabel, slotsOf, slotTitle } from './slots.ts'

const NOW = '2026-11-28T12:34:56.000Z'
const lately = (days: number) => ({ app: '', ...lastDays(days, NOW.slice(0, 10)) })

test('a recent selection has hours up to now, a longer one days', () => {
  const { names, unit, of } = slotsOf(lately(2), NOW)
  expect([unit, names.length, names.at(-1)]).toEqual(['hour', 24 + 13, '2026-11-28T12'])
  expect(of({ dt: '2026-11-27', accepted_hour: null })).toBe('2026-11-27T00')
  expect(slotsOf(lately(90), NOW)).toMatchObject({ unit: 'day', names: { length: 90 } })
})

test('a year has weeks from Monday', () => {
  const { names, unit, of } = datesOf(lately(365))
  expect([unit, names.length]).toEqual(['week', 53])
  expect([names[0], names.at(-1)]).toEqual(['2025-11-24', '2026-11-23'])
  expect(['2026-11-22', '2026-11-23', '2026-11-28'].map((dt) => of({ dt }))).toEqual([
    '2026-11-16',
    '2026-11-23',
    '2026-11-23',
  ])
  expect(slotTitle('2026-11-23', unit)).toBe('week from Mon, 23 Nov 2026')
})

test('more than a year has months', () => {
  const { names, unit, of } = datesOf(lately(367))
  expect([unit, names.length, names[0], names.at(-1)]).toEqual(['month', 13, '2025-11-01', '2026-11-01'])
  expect(of({ dt: '2026-02-28' })).toBe('2026-02-01')
  expect([slotLabel('2026-02-01', unit), slotTitle('2026-02-01', unit)]).toEqual(['Feb 2026', 'Feb 2026'])
})

test.each([2, 30, 92, 93, 366, 367, 1000])('every day of %i has one of the slots', (days) => {
  const slots = slotsOf(lately(days), NOW)
  const names = new Set(slots.names)
  const all = Array.from({ length: days }, (_, n) =>
    new Date(Date.parse(lately(days).from) + n * 86_400_000).toISOString().slice(0, 10),
  )
  for (const dt of all) expect(names).toContain(slots.of({ dt }))
  expect(names.size).toBe(slots.names.length)
})
