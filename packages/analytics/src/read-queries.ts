import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Retention, readRetention } from '@darkroom/retention'
import { imageColumns, type ScalarType } from './columns.ts'
import { expiringQuery } from './expiring-query.ts'

const folder = join(import.meta.dirname, '..', 'sql')

/** A question that analysts ask, in Athena's SQL; each is there once, for Athena and for DuckDB. */
export interface NamedQuery {
  /** `time_to_ready`: the view's and the saved query's, and the file's. */
  name: string
  /** In words: the first line. */
  title: string
  sql: string
  /** What it answers, in order. */
  columns: { name: string; type: ScalarType; comment: string }[]
}

/** The files in `sql`, and `expiring`, which follows from the retention; by name. */
export function readQueries(retention: Retention = readRetention()): NamedQuery[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
  return [
    ...files.map((file) => namedQuery(basename(file, '.sql'), readFileSync(join(folder, file), 'utf8'))),
    namedQuery('expiring', expiringQuery(retention)),
  ].toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

function namedQuery(name: string, sql: string): NamedQuery {
  const title = /^-- (.+)$/m.exec(sql)?.[1] ?? name
  return { name, title, sql, columns: answeredColumns(sql) }
}

/**
 * The columns of the last SELECT, each on a line of its own with its type and meaning behind it:
 *
 *     count(*) AS images, -- bigint: How many images.
 *
 * One that is called as a column of `images` is that column, and needs neither.
 */
function answeredColumns(sql: string): NamedQuery['columns'] {
  const list = /^SELECT\n([\s\S]*?)^FROM /m.exec(sql.slice(sql.search(/^SELECT$/m)))?.[1] ?? ''
  const lines = list.matchAll(/^ {2}(?:\S.* AS )?(\w+),?(?: +-- ([\w()]+): (.+))?$/gm)
  const known = new Map(imageColumns().map((column) => [column.name, column]))
  return [...lines].map(([, name = '', type, comment]) => {
    const own = known.get(name)
    return {
      name,
      type: (type ?? own?.type ?? '') as ScalarType,
      comment: comment ?? own?.comment ?? '',
    }
  })
}
