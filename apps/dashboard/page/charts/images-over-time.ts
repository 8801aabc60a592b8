import { slotsOf, slotTitle } from '../slots.ts'
import { sum, sumsBy, sumsOver } from '../sums.ts'
import { count, images, wayIn } from '../words.ts'
import { colourOf, MOST_SERIES, type Scene, type TimeChart } from './chart.ts'

const OTHERS = 'all others'

/** What came in, by app and way in. */
export function imagesOverTime({ views, selection, now }: Scene): TimeChart {
  const rows = views.images_by_hour
  const slots = slotsOf(selection, now)
  const door = ({ app, origin }: (typeof rows)[number]) =>
    selection.app ? wayIn(origin) : `${app}, ${wayIn(origin)}`
  const doors = sumsBy(rows, door, (row) => row.images).map(([name]) => name)
  const named = doors.length > MOST_SERIES ? doors.slice(0, MOST_SERIES - 1) : doors
  const nameOf = (row: (typeof rows)[number]) => (named.includes(door(row)) ? door(row) : OTHERS)
  const names = named.length < doors.length ? [...named, OTHERS] : named
  const series = names.map((name, index) => ({
    name,
    colour: colourOf(index),
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
    words: `${images(total)}. Busiest ${slots.unit}: ${slotTitle(busiest)}, with ${count(most)}.`,
    kind: 'columns',
    slots,
    series,
    inWords: count,
    whole: true,
  }
}
