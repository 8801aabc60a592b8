import type { Catalogue } from '@darkroom/analytics'
import type * as z from 'zod'
import { attributesFile, MAX_VALUES } from './attributes-file.ts'
import {
  ATTRIBUTE_FIGURES,
  type AttributeRow,
  FIGURES,
  type Figures,
  type Table,
  type View,
} from './figures.ts'

export interface Period {
  /** Number of days, including today. */
  days: number
  now?: Date
}

export interface Collected {
  figures: Pick<Figures, 'madeAt' | 'since' | 'views' | 'attributes'>
  /** The files of each app with declared attributes, by name. */
  attributeFiles: Record<string, Table>
}

/**
 * Queries the catalogue for the page's data.
 *
 * @throws ZodError if a view lacks a column that the page reads
 */
export async function collectFigures(
  catalogue: Catalogue,
  { days, now = new Date() }: Period,
): Promise<Collected> {
  const since = new Date(now.getTime() - (days - 1) * 86_400_000).toISOString().slice(0, 10)
  const views: Partial<Figures['views']> = {}
  for (const view of Object.keys(FIGURES) as View[]) {
    const columns = Object.keys(FIGURES[view].shape)
    const sql = `SELECT ${columns.join(', ')} FROM ${view} WHERE dt >= DATE '${since}'`
    views[view] = toTable(columns, await read<object>(catalogue, FIGURES[view], columns, sql))
  }
  const byApp = Map.groupBy(await readAttributes(catalogue, since), ({ app }) => app)
  return {
    figures: {
      madeAt: now.toISOString(),
      since,
      views: views as Figures['views'],
      attributes: Object.fromEntries([...byApp].map(([app, rows]) => [app, valuesIn(rows)])),
    },
    attributeFiles: Object.fromEntries(
      [...byApp].map(([app, rows]) => [attributesFile(app), toTable(ATTRIBUTE_COLUMNS, rows)]),
    ),
  }
}

const ATTRIBUTE_COLUMNS = Object.keys(ATTRIBUTE_FIGURES.shape)

/** The rows of the most frequent values of each attribute, in the order of their frequency. */
function readAttributes(catalogue: Catalogue, since: string): Promise<AttributeRow[]> {
  const columns = ATTRIBUTE_COLUMNS.map((column) => `figure.${column}`)
  const sql = `WITH ranked AS (
    SELECT app, attribute, value, row_number() OVER (PARTITION BY app, attribute ORDER BY sum(images) DESC, value) AS place
    FROM images_by_attribute
    WHERE dt >= DATE '${since}'
    GROUP BY app, attribute, value
  )
  SELECT ${columns.join(', ')}
  FROM images_by_attribute AS figure
  JOIN ranked ON figure.app = ranked.app AND figure.attribute = ranked.attribute AND figure.value = ranked.value
  WHERE figure.dt >= DATE '${since}' AND ranked.place <= ${MAX_VALUES}
  ORDER BY figure.app, figure.attribute, ranked.place`
  return read(catalogue, ATTRIBUTE_FIGURES, ATTRIBUTE_COLUMNS, sql)
}

function valuesIn(rows: AttributeRow[]): Record<string, string[]> {
  const values = [...Map.groupBy(rows, ({ attribute }) => attribute)].map(([attribute, own]) => [
    attribute,
    [...new Set(own.map(({ value }) => value))],
  ])
  return Object.fromEntries(values)
}

async function read<Row>(
  catalogue: Catalogue,
  schema: z.ZodType<Row>,
  columns: string[],
  sql: string,
): Promise<Row[]> {
  const { rows } = await catalogue.query(sql)
  return rows.map((row) => schema.parse(Object.fromEntries(columns.map((column, n) => [column, row[n]]))))
}

function toTable(columns: string[], rows: object[]): Table {
  return { columns, rows: rows.map((row) => columns.map((column) => Reflect.get(row, column))) }
}
