import { access, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { type Catalogue, mergeLookAlikesStatement, mergeStatement, type Table } from '@darkroom/analytics'
import { dateOf, parseMetadataKey } from '@darkroom/core'
import { type DuckDBConnection, DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables, text } from './create-tables.ts'
import { documentsIn, insertDocuments } from './insert-documents.ts'
import { readDocuments, type Seen, type Unreadable } from './read-documents.ts'

/**
 * Athena's database in DuckDB, as it was when the catalogue was opened or last refreshed: the documents in
 * `image_documents`, merged into `images`, and a view for each named query.
 */
export interface LocalCatalogue extends Catalogue {
  /** Reads and merges new documents and removes deleted ones. Call it once at a time. */
  refresh(): Promise<void>
  /** Documents that are left out, with the reason, by their keys. */
  unreadable: ReadonlyMap<string, string>
  /** Writes `images` and `image_documents` as Parquet, and `darkroom.duckdb` with all tables and views. */
  exportTo(folder: string): Promise<string[]>
  close(): void
}

/** Reads every metadata document of a bucket. */
export async function openCatalogue(s3: S3Client, bucket: string): Promise<LocalCatalogue> {
  const catalogue = await createCatalogue()
  const seen: Seen = new Map()
  const unreadable: Unreadable = new Map()
  const refresh = () => readInto(catalogue.connection, s3, bucket, seen, unreadable)
  await refresh()
  return { ...catalogue, refresh, unreadable }
}

/** Reads the metadata documents of a file: lines of JSON (`.ndjson`), or `.parquet` as `generateImages` writes it. */
export async function openDocuments(file: string): Promise<LocalCatalogue> {
  await access(file)
  const catalogue = await createCatalogue()
  const refresh = async () => {
    await catalogue.connection.run('DELETE FROM image_documents')
    await catalogue.connection.run(`INSERT INTO image_documents BY NAME FROM ${documentsIn(file)}`)
    await merge(catalogue.connection, ALL_DAYS)
  }
  await refresh()
  return { ...catalogue, refresh, unreadable: new Map() }
}

async function createCatalogue() {
  const instance = await DuckDBInstance.create(':memory:', { temp_directory: tmpdir() })
  const connection = await instance.connect()
  await runAll(connection, [ATHENA_SESSION, ...createTables()])
  return {
    connection,
    query: (sql: string) => query(connection, sql),
    exportTo: (folder: string) => exportTo(connection, folder),
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
  unreadable: Unreadable,
): Promise<void> {
  const deleted = new Set(seen.keys())
  const unreadableBefore = new Set(unreadable.keys())
  const arrived = await insertDocuments(connection, readDocuments(s3, bucket, seen, deleted, unreadable))
  for (const key of deleted) {
    seen.delete(key)
    unreadable.delete(key)
  }
  const newlyUnreadable = [...unreadable.keys()].filter((key) => !unreadableBefore.has(key))
  const ids = [...deleted, ...newlyUnreadable].flatMap((key) => parseMetadataKey(key)?.imageId ?? [])
  for (const table of ['images', 'image_documents']) {
    const deleteRows = `DELETE FROM ${table} WHERE image_id IN (SELECT unnest($1))`
    await connection.run(deleteRows, [listValue(ids)], [LIST(VARCHAR)])
  }
  const [oldest] = [...arrived, ...ids.map(dateOf)].toSorted()
  if (oldest) await merge(connection, daysSince(oldest))
}

/** More than the age of any image. */
const ALL_DAYS = 365 * 100

/** Runs the statements of the hourly schedules. */
async function merge(connection: DuckDBConnection, days: number): Promise<void> {
  await runAll(connection, [mergeStatement(days), mergeLookAlikesStatement(days)])
}

function daysSince(date: string): number {
  return Math.ceil((Date.now() - Date.parse(date)) / (24 * 60 * 60 * 1000))
}

async function query(connection: DuckDBConnection, sql: string): Promise<Table> {
  const reader = await connection.runAndReadAll(sql)
  return { columns: reader.columnNames(), rows: reader.getRowsJson() as unknown[][] }
}

async function exportTo(connection: DuckDBConnection, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const database = join(folder, 'darkroom.duckdb')
  await rm(database, { force: true })
  const parquet = ['images', 'image_documents'].map((table) => ({
    table,
    file: join(folder, `${table}.parquet`),
  }))
  await runAll(connection, [
    ...parquet.map(({ table, file }) => `COPY ${table} TO ${text(file)} (FORMAT parquet)`),
    `ATTACH ${text(database)} AS target`,
    'USE target',
    ...createTables(),
    ...['images', 'image_documents', 'look_alikes'].map(
      (table) => `INSERT INTO target.${table} FROM memory.${table}`,
    ),
    'USE memory',
    'DETACH target',
  ])
  return [...parquet.map(({ file }) => file), database]
}

async function runAll(connection: DuckDBConnection, statements: string[]): Promise<void> {
  await connection.run(statements.join(';\n'))
}
