import { expect, test } from '@jest/globals'
import { datesOf } from './slots.ts'
import { percentile, sumsBy, sumsOver } from './sums.ts'

const rows = [
  { dt: '2026-11-01', app: 'b', images: 3 },
  { dt: '2026-11-02', app: 'a', images: 2 },
  { dt: '2026-11-02', app: 'b', images: 1 },
  { dt: '2026-11-02', app: 'c', images: 2 },
]
const images = (row: { images: number }) => row.images

test('sums by a key come largest first, then by name', () => {
  expect(sumsBy(rows, ({ app }) => app, images)).toEqual([
    ['b', 4],
    ['a', 2],
    ['c', 2],
  ])
})

test('a day without rows has the sum 0', () => {
  const days = datesOf({ app: '', from: '2026-11-01', to: '2026-11-03' })
  expect(sumsOver(days, rows, images)).toEqual([3, 5, 0])
})

test('a percentile of a histogram counts images, whatever the order of its rows', () => {
  const histogram = [
    { ready_ms: 400, images: 1 },
    { ready_ms: 100, images: 50 },
    { ready_ms: 200, images: 49 },
  ]
  expect([0.5, 0.51, 0.99, 1].map((share) => percentile(histogram, share))).toEqual([100, 200, 200, 400])
  expect(percentile([], 0.5)).toBeUndefined()
})
