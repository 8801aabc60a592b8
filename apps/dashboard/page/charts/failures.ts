import { count, images, percent, reason } from '../format.ts'
import { sum, sumsBy } from '../sums.ts'
import type { Ranking, Scene } from './chart.ts'

/** Failed images by reason. */
export function failures({ views }: Scene): Ranking {
  const rows = views.images_by_hour
  const failed = rows.filter(({ status }) => status === 'failed')
  const total = sum(failed, (row) => row.images)
  const all = sum(rows, (row) => row.images)
  const reasons = sumsBy(
    failed,
    (row) => row.failure_type ?? '',
    (row) => row.images,
  )
  const [first, most = 0] = reasons[0] ?? []
  return {
    title: 'Failures by reason',
    summary: first
      ? `${count(total)} of ${images(all)} failed (${percent(total, all)}), most often: ${reason(first)} (${count(most)}).`
      : 'No images failed.',
    columns: ['Reason', 'Images', 'Of failures'],
    rows: reasons.map(([slug, failures]) => ({
      name: reason(slug),
      share: failures / most,
      cells: [count(failures), percent(failures, total)],
    })),
  }
}
