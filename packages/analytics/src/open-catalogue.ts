import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { parseMetadataKey } from '@darkroom/core'
import { type DuckDBConnection, DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables, text } from './create-tables.ts'
import { insertDocuments } from './insert-documents.ts'
import { mergeStatement } from './merge.ts'
import { readDocuments, type Seen } from './read-documents.ts'

/** Values as text or null, as DuckDB writes them in JSON. */
export interface Table {
  columns: string[]
  rows: unknown[][]
}

/**
 * Athena's database in DuckDB, as it was when the catalogue was opened or last refreshed: the documents in
 * `image_documents`, merged into `images`, and a view for each named query.
 */
export interface Catalogue {
  /** @throws Error with DuckDB's words about what is wrong with the statement */
  query(sql: string): Promise<Table>
  /** Reads and merges what has been written since, and forgets what is no longer there. Not for two calls at once. */
  refresh(): Promise<void>
  /** Writes both tables as Parquet, and `darkroom.duckdb` with tables and views. */
  exportTo(folder: string): Promise<string[]>
  close(): void
}

const TABLES = ['images', 'image_documents']

/** Every day there is. */
const ALL_DAYS = 365 * 100

/** Reads every metadata document of a bucket. */
export async function openCatalogue(s3: S3Client, bucket: string): Promise<Catalogue> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await runAll(connection, [ATHENA_SESSION, ...createTables()])
  const seen: Seen = new Map()
  const refresh = () => readInto(connection, s3, bucket, seen)
  await refresh()
  return {
    query: (sql) => query(connection, sql),
    refresh,
    exportTo: (folder) => exportTo(connection, folder),
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
  const gone = new Set(seen.keys())
  await insertDocuments(connection, readDocuments(s3, bucket, seen, gone))
  for (const key of gone) seen.delete(key)
  const ids = listValue([...gone].map((key) => parseMetadataKey(key)?.imageId ?? null))
  for (const table of TABLES) {
    await connection.run(`DELETE FROM ${table} WHERE image_id IN (SELECT unnest($1))`, [ids], [LIST(VARCHAR)])
  }
  await connection.run(mergeStatement(ALL_DAYS))
}

async function query(connection: DuckDBConnection, sql: string): Promise<Table> {
  const reader = await connection.runAndReadAll(sql)
  return { columns: reader.columnNames(), rows: reader.getRowsJson() as unknown[][] }
}

async function exportTo(connection: DuckDBConnection, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const database = join(folder, 'darkroom.duckdb')
  await rm(database, { force: true })
  const parquet = TABLES.map((table) => ({ table, file: join(folder, `${table}.parquet`) }))
  await runAll(connection, [
    ...parquet.map(({ table, file }) => `COPY ${table} TO ${text(file)} (FORMAT parquet)`),
    `ATTACH ${text(database)} AS target`,
    'USE target',
    ...createTables(),
    ...TABLES.map((table) => `INSERT INTO target.${table} FROM memory.${table}`),
    'USE memory',
    'DETACH target',
  ])
  return [...parquet.map(({ file }) => file), database]
}

async function runAll(connection: DuckDBConnection, statements: string[]): Promise<void> {
  await connection.run(statements.join(';\n'))
}
