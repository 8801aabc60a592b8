import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { ATHENA_FUNCTIONS } from './athena-functions.ts'
import { documentColumns } from './columns.ts'
import { readDocuments } from './read-documents.ts'
import { readQueries } from './read-queries.ts'

/** Values as text or null, as DuckDB writes them in JSON. */
export interface Table {
  columns: string[]
  rows: unknown[][]
}

/** The table `image_documents` as it was when the catalogue was opened, in DuckDB. */
export interface Catalogue {
  /** @throws Error with DuckDB's words about what is wrong with the statement */
  query(sql: string): Promise<Table>
  /** Writes `image_documents.parquet`, and `darkroom.duckdb` with the table and a view for each named query. */
  exportTo(folder: string): Promise<string[]>
  close(): void
}

/** Reads every metadata document of a bucket. */
export async function openCatalogue(s3: S3Client, bucket: string): Promise<Catalogue> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-analytics-'))
  const documents = join(folder, 'documents.ndjson')
  try {
    await pipeline(Readable.from(readDocuments(s3, bucket)), createWriteStream(documents))
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    for (const statement of [...ATHENA_FUNCTIONS, createTable(documents)]) await connection.run(statement)
    return {
      query: (sql) => query(connection, sql),
      exportTo: (target) => exportTo(connection, target),
      close: () => {
        connection.closeSync()
        instance.closeSync()
      },
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function createTable(file: string): string {
  const columns = Object.entries(documentColumns())
    .map(([name, type]) => `${text(name)}: ${text(type)}`)
    .join(', ')
  return `CREATE TABLE image_documents AS
    SELECT * FROM read_json(${text(file)}, format = 'newline_delimited', columns = {${columns}})`
}

async function query(connection: DuckDBConnection, sql: string): Promise<Table> {
  const reader = await connection.runAndReadAll(sql)
  return { columns: reader.columnNames(), rows: reader.getRowsJson() as unknown[][] }
}

async function exportTo(connection: DuckDBConnection, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const parquet = join(folder, 'image_documents.parquet')
  const database = join(folder, 'darkroom.duckdb')
  await rm(database, { force: true })
  await connection.run(`COPY image_documents TO ${text(parquet)} (FORMAT parquet)`)
  await connection.run(`ATTACH ${text(database)} AS target`)
  await connection.run('CREATE TABLE target.image_documents AS FROM image_documents')
  await connection.run('USE target')
  // A view keeps the names of its functions, so they go along.
  for (const statement of ATHENA_FUNCTIONS) await connection.run(statement)
  for (const { name, sql } of await readQueries()) await connection.run(`CREATE VIEW ${name} AS ${sql}`)
  await connection.run('USE memory')
  await connection.run('DETACH target')
  return [parquet, database]
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
