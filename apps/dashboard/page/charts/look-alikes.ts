import { count, images, percent } from '../format.ts'
import { datesOf } from '../slots.ts'
import { sum, sumsOver } from '../sums.ts'
import type { Scene, TimeChart } from './chart.ts'

/** Images that look like an earlier one of the same app. */
export function lookAlikes({ views, selection }: Scene): TimeChart {
  const rows = views.near_duplicates_by_day
  const slots = datesOf(selection)
  const alike = sum(rows, (row) => row.images)
  const all = sum(views.images_by_hour, (row) => (row.status === 'processed' ? row.images : 0))
  return {
    title: `Near duplicates by ${slots.unit}`,
    summary: alike
      ? `${images(alike)} (${percent(alike, all)}) ${alike === 1 ? 'looks' : 'look'} like an earlier one of the same app.`
      : 'No images look like an earlier one of the same app.',
    kind: 'columns',
    slots,
    series: [
      { name: 'Near duplicates', color: '--series-2', values: sumsOver(slots, rows, (row) => row.images) },
    ],
    formatValue: count,
    isInteger: true,
  }
}
