import type { Row } from '../../src/figures.ts'
import { daysOf } from '../slots.ts'
import { sum, sumsOver } from '../sums.ts'
import { dollars } from '../words.ts'
import type { Scene, TimeChart } from './chart.ts'

type CostRow = Row<'estimated_cost'>

const PARTS: { name: string; colour: string; perThousand: (row: CostRow) => number }[] = [
  { name: 'requests', colour: '--series-1', perThousand: (row) => row.request_dollars },
  { name: 'Lambda', colour: '--series-2', perThousand: (row) => row.lambda_dollars },
  { name: 'a month of storage', colour: '--series-3', perThousand: (row) => row.storage_month_dollars },
]

/** Dollars, in all and for a thousand images. */
export function totalCost(rows: CostRow[]): { total: number; perThousand: number } {
  const total = sum(PARTS, ({ perThousand }) => sum(rows, (row) => costOf(row, perThousand)))
  const developed = sum(rows, ({ images }) => images)
  return { total, perThousand: developed ? (1000 * total) / developed : 0 }
}

/** What developed images cost, from list prices. */
export function cost({ views, selection }: Scene): TimeChart {
  const rows = views.estimated_cost
  const slots = daysOf(selection)
  const { total, perThousand } = totalCost(rows)
  return {
    title: 'Estimated cost by day',
    words: `${dollars(total)} in all, ${dollars(perThousand)} per thousand images, from AWS’s list prices.`,
    kind: 'columns',
    slots,
    series: PARTS.map(({ name, colour, perThousand }) => ({
      name,
      colour,
      values: sumsOver(slots, rows, (row) => costOf(row, perThousand)),
    })),
    inWords: dollars,
  }
}

function costOf(row: CostRow, perThousand: (row: CostRow) => number): number {
  return (perThousand(row) * row.images) / 1000
}
