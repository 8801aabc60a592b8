import type { Catalogue } from '@darkroom/analytics'
import { FIGURES, type Figures, type View } from './figures.ts'

export interface Period {
  /** Number of days, including today. */
  days: number
  now?: Date
}

/**
 * Queries the catalogue for the page's data.
 *
 * @throws ZodError if a view lacks a column that the page reads
 */
export async function collectFigures(
  catalogue: Catalogue,
  { days, now = new Date() }: Period,
): Promise<Pick<Figures, 'madeAt' | 'since' | 'views'>> {
  const since = new Date(now.getTime() - (days - 1) * 86_400_000).toISOString().slice(0, 10)
  const views: Partial<Figures['views']> = {}
  for (const view of Object.keys(FIGURES) as View[]) views[view] = await read(catalogue, view, since)
  return { madeAt: now.toISOString(), since, views: views as Figures['views'] }
}

async function read(catalogue: Catalogue, view: View, since: string): Promise<Figures['views'][View]> {
  const schema = FIGURES[view]
  const columns = Object.keys(schema.shape)
  const { rows } = await catalogue.query(
    `SELECT ${columns.join(', ')} FROM ${view} WHERE dt >= DATE '${since}'`,
  )
  const parsed = rows.map((row) =>
    schema.parse(Object.fromEntries(columns.map((column, n) => [column, row[n]]))),
  )
  return { columns, rows: parsed.map((row) => Object.values(row)) }
}
