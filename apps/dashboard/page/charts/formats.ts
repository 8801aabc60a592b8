import { bytes, count, format, percent } from '../format.ts'
import { sum, sumsBy } from '../sums.ts'
import type { Ranking, Scene } from './chart.ts'

/** Media types of the developed originals. */
export function formats({ views }: Scene): Ranking {
  const rows = views.images_by_hour.filter(({ status }) => status === 'processed')
  const total = sum(rows, (row) => row.images)
  const type = (row: (typeof rows)[number]) => row.content_type ?? ''
  const ranked = sumsBy(rows, type, (row) => row.images)
  const sizes = new Map(sumsBy(rows, type, (row) => row.original_bytes))
  const [first = '', most = 0] = ranked[0] ?? []
  return {
    title: 'Formats of originals',
    summary: total
      ? `${percent(most, total)} of the developed images were ${format(first)}.`
      : 'No images were developed.',
    columns: ['Format', 'Images', 'Share', 'Average'],
    rows: ranked.map(([name, images]) => ({
      name: format(name),
      share: images / most,
      cells: [count(images), percent(images, total), bytes((sizes.get(name) ?? 0) / images)],
    })),
  }
}
