import { ATHENA_FUNCTIONS } from './athena-functions.ts'
import { type Column, documentColumns, duckDbType, imageColumns, LOOK_ALIKE_COLUMNS } from './columns.ts'
import { readQueries } from './read-queries.ts'

/**
 * Athena's database in DuckDB, still empty: its tables, and a view for each question. A view keeps
 * the names of its functions, so they are in the database as well.
 */
export function createTables(): string[] {
  return [
    ...ATHENA_FUNCTIONS,
    ...createTable('image_documents', documentColumns()),
    ...createTable('images', imageColumns()),
    ...createTable('look_alikes', LOOK_ALIKE_COLUMNS),
    ...readQueries().map(({ name, sql }) => `CREATE VIEW ${name} AS ${sql}`),
  ]
}

function createTable(table: string, columns: Column[]): string[] {
  const types = columns.map(({ name, type }) => `${name} ${duckDbType(type)}`)
  return [
    `CREATE TABLE ${table} (${types.join(', ')})`,
    ...columns.map(({ name, comment }) => `COMMENT ON COLUMN ${table}.${name} IS ${text(comment)}`),
  ]
}

/** A literal of SQL. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
