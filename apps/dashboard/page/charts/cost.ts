import type { Row } from '../../src/figures.ts'
import { dollars } from '../format.ts'
import { datesOf } from '../slots.ts'
import { sum, sumsOver } from '../sums.ts'
import type { Scene, TimeChart } from './chart.ts'

type CostRow = Row<'estimated_cost'>

const PARTS: { name: string; color: string; perThousand: (row: CostRow) => number }[] = [
  { name: 'Requests', color: '--series-1', perThousand: (row) => row.request_dollars },
  { name: 'Lambda', color: '--series-2', perThousand: (row) => row.lambda_dollars },
  { name: 'Storage for a month', color: '--series-3', perThousand: (row) => row.storage_month_dollars },
]

/** US dollars, in total and per thousand images. */
export function totalCost(rows: CostRow[]): { total: number; perThousand: number } {
  const total = sum(PARTS, ({ perThousand }) => sum(rows, (row) => costOf(row, perThousand)))
  const developed = sum(rows, ({ images }) => images)
  return { total, perThousand: developed ? (1000 * total) / developed : 0 }
}

/** Estimated cost of the developed images, from list prices. */
export function cost({ views, selection }: Scene): TimeChart {
  const rows = views.estimated_cost
  const slots = datesOf(selection)
  const { total, perThousand } = totalCost(rows)
  return {
    title: `Estimated cost by ${slots.unit}`,
    summary: `${dollars(total)} in total, ${dollars(perThousand)} per thousand images, at AWS’s list prices.`,
    kind: 'columns',
    slots,
    series: PARTS.map(({ name, color, perThousand }) => ({
      name,
      color,
      values: sumsOver(slots, rows, (row) => costOf(row, perThousand)),
    })),
    formatValue: dollars,
  }
}

function costOf(row: CostRow, perThousand: (row: CostRow) => number): number {
  return (perThousand(row) * row.images) / 1000
}
