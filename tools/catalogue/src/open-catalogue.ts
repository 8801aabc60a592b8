import { access, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import {
  type Catalogue,
  imagesOf,
  mergeCollected,
  mergeFrom,
  mergeLookAlikesStatement,
  type Table,
  WATERMARK_QUERY,
} from '@darkroom/analytics'
import { OUTCOMES, parseMetadataKey, REFUSALS } from '@darkroom/core'
import { type DuckDBConnection, DuckDBInstance, LIST, listValue, VARCHAR } from '@duckdb/node-api'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables, text } from './create-tables.ts'
import { documentsIn, insertCollected, insertDocuments, insertRefusals } from './insert-documents.ts'
import { readCollectedLines } from './read-collected.ts'
import { readDocuments, type Seen, type Unreadable } from './read-documents.ts'

/**
 * Athena's database in DuckDB, as it was when the catalogue was opened or last refreshed: the collected events merged into
 * `images`, the documents in `image_documents`, and a view for each named query.
 */
export interface LocalCatalogue extends Catalogue {
  /** Reads and merges new files, reads new documents and removes deleted ones. Call it once at a time. */
  refresh(): Promise<void>
  /** Documents that are left out, with the reason, by their keys. */
  unreadable: ReadonlyMap<string, string>
  /** Writes `images_now` and `image_documents` as Parquet, and `darkroom.duckdb` with all tables and views. */
  exportTo(folder: string): Promise<string[]>
  close(): void
}

/** Reads every collected file and every metadata document of a bucket. */
export async function openCatalogue(s3: S3Client, bucket: string): Promise<LocalCatalogue> {
  const catalogue = await createCatalogue()
  const seen: Seen = new Map()
  const unreadable: Unreadable = new Map()
  const files = new Set<string>()
  const refresh = async () => {
    const before = files.size
    await readCollectedInto(catalogue, s3, bucket, files)
    const removed = await readInto(catalogue.connection, s3, bucket, seen, unreadable)
    if (files.size > before || removed > 0) await catalogue.connection.run(mergeLookAlikesStatement(ALL_DAYS))
  }
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
    await runAll(catalogue.connection, [
      'DELETE FROM images',
      MERGE_DOCUMENTS,
      mergeLookAlikesStatement(ALL_DAYS),
    ])
  }
  await refresh()
  return { ...catalogue, refresh, unreadable: new Map() }
}

/** A file of documents has one of each image, so each is the newest event. */
const MERGE_DOCUMENTS = mergeFrom(`SELECT *, '' AS sequence, current_localtimestamp() AS collected_at
  FROM (${imagesOf('image_documents')})`)

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

/** Inserts new files, merges them, and forgets what is merged: the next merge reads only newer files. */
async function readCollectedInto(
  { connection, query }: Awaited<ReturnType<typeof createCatalogue>>,
  s3: S3Client,
  bucket: string,
  files: Set<string>,
): Promise<void> {
  await insertCollected(connection, readCollectedLines(s3, bucket, OUTCOMES, files))
  await insertRefusals(connection, readCollectedLines(s3, bucket, REFUSALS, files))
  await mergeCollected({ query }, { s3, name: bucket }, { now: Date.now() })
  await connection.run(`DELETE FROM collected_outcomes WHERE collected_at <= (${WATERMARK_QUERY})`)
}

/** An image in each table. Two apps can have images with the same id. */
const IMAGES_IN = {
  images: "app || '/' || image_id",
  image_documents: "app || '/' || image_id",
  collected_outcomes: "data.app || '/' || subject",
}

/** @returns the number of images whose rows were removed */
async function readInto(
  connection: DuckDBConnection,
  s3: S3Client,
  bucket: string,
  seen: Seen,
  unreadable: Unreadable,
): Promise<number> {
  const deleted = new Set(seen.keys())
  const unreadableBefore = new Set(unreadable.keys())
  await insertDocuments(connection, readDocuments(s3, bucket, seen, deleted, unreadable))
  for (const key of deleted) {
    seen.delete(key)
    unreadable.delete(key)
  }
  const newlyUnreadable = [...unreadable.keys()].filter((key) => !unreadableBefore.has(key))
  const images = [...deleted, ...newlyUnreadable].flatMap((key) => {
    const image = parseMetadataKey(key)
    return image ? `${image.app}/${image.imageId}` : []
  })
  for (const [table, image] of Object.entries(IMAGES_IN)) {
    const deleteRows = `DELETE FROM ${table} WHERE ${image} IN (SELECT unnest($1))`
    await connection.run(deleteRows, [listValue(images)], [LIST(VARCHAR)])
  }
  return images.length
}

/** More than the age of any image. */
const ALL_DAYS = 365 * 100

async function query(connection: DuckDBConnection, sql: string): Promise<Table> {
  const reader = await connection.runAndReadAll(sql)
  return { columns: reader.columnNames(), rows: reader.getRowsJson() as unknown[][] }
}

async function exportTo(connection: DuckDBConnection, folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const database = join(folder, 'darkroom.duckdb')
  await rm(database, { force: true })
  const parquet = [
    ['images_now', 'images'],
    ['image_documents', 'image_documents'],
  ].map(([table, name]) => ({
    table,
    file: join(folder, `${name}.parquet`),
  }))
  await runAll(connection, [
    ...parquet.map(({ table, file }) => `COPY ${table} TO ${text(file)} (FORMAT parquet)`),
    `ATTACH ${text(database)} AS target`,
    'USE target',
    ...createTables(),
    ...['images', 'collected_outcomes', 'collected_refusals', 'image_documents', 'look_alikes'].map(
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
