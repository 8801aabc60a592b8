import { slotsOf } from '../slots.ts'
import { percentile } from '../sums.ts'
import { seconds } from '../words.ts'
import type { Scene, TimeChart } from './chart.ts'

const SHARES = [
  { name: 'p99', share: 0.99, colour: '--late' },
  { name: 'p95', share: 0.95, colour: '--later' },
  { name: 'p50', share: 0.5, colour: '--soon' },
]

/** From acceptance to the end of processing. */
export function timeToReady({ views, selection, now }: Scene): TimeChart {
  const rows = views.time_to_ready_histogram
  const slots = slotsOf(selection, now)
  const bySlot = Map.groupBy(rows, slots.of)
  const within = (share: number) => seconds(percentile(rows, share) ?? 0)
  return {
    title: `Time to ready by ${slots.unit}`,
    words: rows.length
      ? `Half of the images were ready within ${within(0.5)}, 95 % within ${within(0.95)}, 99 % within ${within(0.99)}. The scale is logarithmic.`
      : 'No image was developed.',
    kind: 'lines',
    slots,
    series: SHARES.map(({ name, share, colour }) => ({
      name,
      colour,
      values: slots.names.map((slot) => percentile(bySlot.get(slot) ?? [], share)),
    })),
    inWords: seconds,
  }
}
