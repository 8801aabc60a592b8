import {
  attributeViews,
  baseViews,
  type Column,
  type ColumnType,
  collectedColumns,
  collectedRefusalColumns,
  documentColumns,
  LOOK_ALIKE_COLUMNS,
  readQueries,
  rowColumns,
} from '@darkroom/analytics'
import { ATHENA_FUNCTIONS } from './athena-functions.ts'

/**
 * The statements that create Athena's database in DuckDB: its functions, its tables and a view for each query. Views refer
 * to functions by name, so the functions must be in the database as well.
 */
export function createTables(): string[] {
  return [
    ...ATHENA_FUNCTIONS,
    ...createTable('image_documents', documentColumns()),
    ...createTable('collected_outcomes', collectedColumns()),
    ...createTable('collected_refusals', collectedRefusalColumns()),
    ...createTable('images', rowColumns()),
    ...createTable('look_alikes', LOOK_ALIKE_COLUMNS),
    ...[...baseViews(), ...attributeViews(), ...readQueries()].map(
      ({ name, sql }) => `CREATE VIEW ${name} AS ${sql}`,
    ),
  ]
}

function createTable(table: string, columns: Column[]): string[] {
  const types = columns.map(({ name, type }) => `${name} ${duckDbType(type)}`)
  return [
    `CREATE TABLE ${table} (${types.join(', ')})`,
    ...columns.map(({ name, comment }) => `COMMENT ON COLUMN ${table}.${name} IS ${text(comment)}`),
  ]
}

/** https://duckdb.org/docs/stable/sql/data_types/overview */
export function duckDbType(type: ColumnType): string {
  if (typeof type === 'string') return type === 'timestamp(6)' ? 'TIMESTAMP' : type.toUpperCase()
  if ('listOf' in type) return `${duckDbType(type.listOf)}[]`
  if ('mapOf' in type) return `MAP(VARCHAR, ${duckDbType(type.mapOf)})`
  const fields = Object.entries(type.fields).map(([name, field]) => `"${name}" ${duckDbType(field)}`)
  return `STRUCT(${fields.join(', ')})`
}

/** A string literal in SQL. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
