import { readQueries } from '@darkroom/analytics'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from '@jest/globals'
import { createTables, duckDbType } from './create-tables.ts'

test('each query returns the columns that its file declares', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const statement of createTables()) await connection.run(statement)
  for (const { name, columns } of readQueries()) {
    const described = (await connection.runAndReadAll(`DESCRIBE ${name}`)).getRowsJson()
    const declared = columns.map((column) => [column.name, duckDbType(column.type)])
    expect([name, described.map(([column, type]) => [column, type])]).toEqual([name, declared])
  }
  connection.closeSync()
  instance.closeSync()
})
