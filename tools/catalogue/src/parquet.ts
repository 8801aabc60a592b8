import { DuckDBInstance } from '@duckdb/node-api'
import { text } from './create-tables.ts'

/** Reads Parquet files by themselves, whatever table they belong or belonged to. */
export interface ParquetReader {
  /** Rows that meet a condition in DuckDB's SQL. Undefined if the file has no such column: it is none of the table's data. */
  count(file: string, condition: { column: string; where: string }): Promise<number | undefined>
  close(): void
}

export async function openParquetReader(): Promise<ParquetReader> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const read = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson()
  return {
    async count(file, { column, where }) {
      const columns = await read(`SELECT name FROM parquet_schema(${text(file)})`)
      if (!columns.flat().includes(column)) return undefined
      return Number((await read(`SELECT count(*) FROM read_parquet(${text(file)}) WHERE ${where}`))[0]?.[0])
    },
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
