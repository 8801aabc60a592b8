import { count, images, percent } from '../format.ts'
import { sum } from '../sums.ts'
import type { Ranking, Scene } from './chart.ts'

/** What became of the images that were sent. */
export function funnel({ views }: Scene): Ranking {
  const rows = views.funnel
  const attempted = sum(rows, (row) => row.attempted)
  const refused = sum(rows, (row) => row.refused)
  const stages = [
    ['Attempted', attempted],
    ['Accepted', sum(rows, (row) => row.accepted)],
    ['Processed', sum(rows, (row) => row.processed)],
    ['Erased', sum(rows, (row) => row.erased)],
  ] as const
  return {
    title: 'From attempt to image',
    summary:
      attempted === 0
        ? 'No images were sent.'
        : refused === 0
          ? 'No images were refused.'
          : `${count(refused)} of ${images(attempted)} were refused (${percent(refused, attempted)}).`,
    columns: ['Stage', 'Images', 'Of attempts'],
    rows:
      attempted === 0
        ? []
        : stages.map(([name, reached]) => ({
            name,
            share: reached / attempted,
            cells: [count(reached), percent(reached, attempted)],
          })),
  }
}
