import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

const folder = join(import.meta.dirname, '..', 'sql')

/** A question that analysts ask, in Athena's SQL; each is there once, for Athena and for DuckDB. */
export interface NamedQuery {
  /** `time_to_ready` */
  name: string
  /** In words. */
  title: string
  sql: string
}

/** The files in `sql`, by name. The first line of each is a comment: its title. */
export async function readQueries(): Promise<NamedQuery[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(folder, file), 'utf8')
      return { name: basename(file, '.sql'), title: /^-- (.+)$/m.exec(sql)?.[1] ?? file, sql }
    }),
  )
}
