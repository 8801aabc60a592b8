import { count, images, sourceName } from '../format.ts'
import { slotsOf, slotTitle } from '../slots.ts'
import { sum, sumsBy, sumsOver } from '../sums.ts'
import { colorOf, MAX_SERIES, type Scene, type TimeChart } from './chart.ts'

const OTHERS = 'all others'

/** Accepted images by app and source (HTTP or Kafka). */
export function imagesOverTime({ views, selection, now }: Scene): TimeChart {
  const rows = views.images_by_hour
  const slots = slotsOf(selection, now)
  const sourceOf = ({ app, origin }: (typeof rows)[number]) =>
    selection.app ? sourceName(origin) : `${app}, ${sourceName(origin)}`
  const sources = sumsBy(rows, sourceOf, (row) => row.images).map(([name]) => name)
  const named = sources.length > MAX_SERIES ? sources.slice(0, MAX_SERIES - 1) : sources
  const nameOf = (row: (typeof rows)[number]) => (named.includes(sourceOf(row)) ? sourceOf(row) : OTHERS)
  const names = named.length < sources.length ? [...named, OTHERS] : named
  const series = names.map((name, index) => ({
    name,
    color: colorOf(index),
    values: sumsOver(
      slots,
      rows.filter((row) => nameOf(row) === name),
      (row) => row.images,
    ),
  }))
  const [busiest, most] = sumsBy(
    rows,
    (row) => slots.of(row),
    (row) => row.images,
  )[0] ?? ['', 0]
  const total = sum(rows, (row) => row.images)
  return {
    title: `Images by ${slots.unit}`,
    summary: `${images(total)}. Busiest ${slots.unit}: ${slotTitle(busiest, slots.unit)}, with ${count(most)}.`,
    kind: 'columns',
    slots,
    series,
    formatValue: count,
    isInteger: true,
  }
}
