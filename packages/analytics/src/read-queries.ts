import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readConfiguration, retentionOf } from '@darkroom/app-configuration'
import type { Retention } from '@darkroom/retention'
import { imageColumns, type ScalarType } from './columns.ts'
import { expiringQuery } from './expiring-query.ts'

const folder = join(import.meta.dirname, '..', 'sql')

/** A query for analysts, in Athena's SQL, which also runs in DuckDB. */
export interface NamedQuery {
  /** `time_to_ready`: the name of the view, the saved query and the file. */
  name: string
  /** The comment in the first line. */
  title: string
  sql: string
  /** The columns of the result, in order. */
  columns: { name: string; type: ScalarType; comment: string }[]
}

/** The files in `sql`, and `expiring`, which is generated from the retention; sorted by name. */
export function readQueries(retention: Retention = retentionOf(readConfiguration())): NamedQuery[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
  return [
    ...files.map((file) => namedQuery(basename(file, '.sql'), readFileSync(join(folder, file), 'utf8'))),
    namedQuery('expiring', expiringQuery(retention)),
  ].toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

function namedQuery(name: string, sql: string): NamedQuery {
  const title = /^-- (.+)$/m.exec(sql)?.[1] ?? name
  return { name, title, sql, columns: resultColumns(sql) }
}

/**
 * Reads the columns of the last SELECT, each on its own line, followed by its type and description:
 *
 *     count(*) AS images, -- bigint: How many images.
 *
 * A column with the name of a column of `images_now` needs neither.
 */
function resultColumns(sql: string): NamedQuery['columns'] {
  const list = /^SELECT\n([\s\S]*?)^FROM /m.exec(sql.slice(sql.search(/^SELECT$/m)))?.[1] ?? ''
  const lines = list.matchAll(/^ {2}(?:\S.* AS )?(\w+),?(?: +-- ([\w()]+): (.+))?$/gm)
  const known = new Map(imageColumns().map((column) => [column.name, column]))
  return [...lines].map(([, name = '', type, comment]) => {
    const imageColumn = known.get(name)
    return {
      name,
      type: (type ?? imageColumn?.type ?? '') as ScalarType,
      comment: comment ?? imageColumn?.comment ?? '',
    }
  })
}
