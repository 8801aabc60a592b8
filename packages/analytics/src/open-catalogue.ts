import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { S3Client } from '@aws-sdk/client-s3'
import { parseMetadataKey } from '@darkroom/core'
import { type DuckDBConnection, DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api'
import { ATHENA_FUNCTIONS } from './athena-functions.ts'
import { documentColumns } from './columns.ts'
import { readDocuments, type Seen } from './read-documents.ts'
import { readQueries } from './read-queries.ts'

/** Values as text or null, as DuckDB writes them in JSON. */
export interface Table {
  columns: string[]
  rows: unknown[][]
}

/** The table `image_documents`, and a view for each named query, in DuckDB: as they were when last read. */
export interface Catalogue {
  /** @throws Error with DuckDB's words about what is wrong with the statement */
  query(sql: string): Promise<Table>
  /** Reads what has been written since, and forgets what is no longer there. Not for two calls at once. */
  refresh(): Promise<void>
  /** Writes `image_documents.parquet`, and `darkroom.duckdb` with the table and a view for each named query. */
  exportTo(folder: string): Promise<string[]>
  close(): void
}

/** Reads every metadata document of a bucket. */
export async function openCatalogue(s3: S3Client, bucket: string): Promise<Catalogue> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`CREATE TABLE image_documents (${tableColumns()})`)
  await createViews(connection)
  const seen: Seen = new Map()
  const refresh = () => readInto(connection, s3, bucket, seen)
  await refresh()
  return {
    query: (sql) => query(connection, sql),
    refresh,
    exportTo: (target) => exportTo(connection, target),
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

async function readInto(
  connection: DuckDBConnection,
  s3: S3Client,
  bucket: string,
  seen: Seen,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-analytics-'))
  const documents = join(folder, 'documents.ndjson')
  try {
    const gone = new Set(seen.keys())
    await pipeline(Readable.from(readDocuments(s3, bucket, seen, gone)), createWriteStream(documents))
    await connection.run(`CREATE TEMP TABLE changed AS FROM ${readJson(documents)}`)
    for (const key of gone) seen.delete(key)
    const ids = listValue([...gone].map((key) => parseMetadataKey(key)?.imageId ?? null))
    await connection.run(
      'DELETE FROM image_documents WHERE image_id IN (SELECT image_id FROM changed UNION ALL SELECT unnest($1))',
      [ids],
      [LIST(VARCHAR)],
    )
    await connection.run('INSERT INTO image_documents FROM changed')
    await connection.run('DROP TABLE changed')
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The names of Athena's functions, and a view for each named query, in the current database. */
async function createViews(connection: DuckDBConnection): Promise<void> {
  // A view keeps the names of its functions, so they go along.
  for (const statement of ATHENA_FUNCTIONS) await connection.run(statement)
  for (const { name, sql } of await readQueries()) await connection.run(`CREATE VIEW ${name} AS ${sql}`)
}

function tableColumns(): string {
  return Object.entries(documentColumns())
    .map(([name, type]) => `"${name}" ${type}`)
    .join(', ')
}

function readJson(file: string): string {
  const columns = Object.entries(documentColumns())
    .map(([name, type]) => `${text(name)}: ${text(type)}`)
    .join(', ')
  return `read_json(${text(file)}, format = 'newline_delimited', columns = {${columns}})`
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
  await createViews(connection)
  await connection.run('USE memory')
  await connection.run('DETACH target')
  return [parquet, database]
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
