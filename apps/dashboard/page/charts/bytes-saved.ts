import { sum, sumsBy } from '../sums.ts'
import { bytes, percent } from '../words.ts'
import type { Ranking, Scene } from './chart.ts'

/** What all variants take in place of the originals. */
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
    words: originals
      ? `All variants together take ${bytes(variants)} in place of ${bytes(originals)} of originals: ${difference(originals, variants)}.`
      : 'No image was developed.',
    columns: ['App', 'Originals', 'Variants', 'Saved'],
    rows: apps.map(([name, size]) => {
      const left = ofVariants.get(name) ?? 0
      const cells = [bytes(size), bytes(left), percent(size - left, size)]
      return { name, share: size / most, part: left / most, cells }
    }),
  }
}

function difference(before: number, after: number): string {
  return `${percent(Math.abs(before - after), before)} ${after > before ? 'more' : 'less'}`
}
