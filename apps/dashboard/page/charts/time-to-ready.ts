import { seconds } from '../format.ts'
import { slotsOf } from '../slots.ts'
import { percentile } from '../sums.ts'
import type { Scene, TimeChart } from './chart.ts'

const SHARES = [
  { name: 'p99', share: 0.99, color: '--late' },
  { name: 'p95', share: 0.95, color: '--later' },
  { name: 'p50', share: 0.5, color: '--soon' },
]

/** Time from acceptance to the end of processing. */
export function timeToReady({ views, selection, now }: Scene): TimeChart {
  const rows = views.time_to_ready_histogram
  const slots = slotsOf(selection, now)
  const bySlot = Map.groupBy(rows, slots.of)
  const within = (share: number) => seconds(percentile(rows, share) ?? 0)
  return {
    title: `Time to ready by ${slots.unit}`,
    summary: rows.length
      ? `Half of the images were ready within ${within(0.5)}, 95 % within ${within(0.95)}, 99 % within ${within(0.99)}. The scale is logarithmic.`
      : 'No images were developed.',
    kind: 'lines',
    slots,
    series: SHARES.map(({ name, share, color }) => ({
      name,
      color,
      values: slots.names.map((slot) => percentile(bySlot.get(slot) ?? [], share)),
    })),
    formatValue: seconds,
  }
}
