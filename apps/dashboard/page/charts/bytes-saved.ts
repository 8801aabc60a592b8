import { bytes, percent } from '../format.ts'
import { sum, sumsBy } from '../sums.ts'
import type { Ranking, Scene } from './chart.ts'

/** The total size of all variants compared with their originals. */
export function bytesSaved({ views }: Scene): Ranking {
  const rows = views.images_by_hour.filter(({ status }) => status === 'processed')
  const originals = sum(rows, (row) => row.original_bytes)
  const variants = sum(rows, (row) => row.variants_bytes)
  const apps = sumsBy(
    rows,
    ({ app }) => app,
    (row) => row.original_bytes,
  )
  const ofVariants = new Map(
    sumsBy(
      rows,
      ({ app }) => app,
      (row) => row.variants_bytes,
    ),
  )
  const most = Math.max(...apps.map(([app, size]) => Math.max(size, ofVariants.get(app) ?? 0)))
  return {
    title: 'Bytes saved by app',
    summary: originals
      ? `Originals: ${bytes(originals)}. All variants together: ${bytes(variants)}, ${difference(originals, variants)}.`
      : 'No images were developed.',
    columns: ['App', 'Originals', 'Variants', 'Saved'],
    rows: apps.map(([name, size]) => {
      const after = ofVariants.get(name) ?? 0
      const cells = [bytes(size), bytes(after), percent(size - after, size)]
      return { name, share: size / most, part: after / most, cells }
    }),
  }
}

function difference(before: number, after: number): string {
  return `${percent(Math.abs(before - after), before)} ${after > before ? 'more' : 'less'}`
}
