import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Column, collectedColumns, collectedRefusalColumns, documentColumns } from '@darkroom/analytics'
import type { DuckDBConnection } from '@duckdb/node-api'
import { duckDbType, text } from './create-tables.ts'

/** Inserts documents, one line of JSON each, into `image_documents`; they replace earlier documents of the same images. */
export async function insertDocuments(
  connection: DuckDBConnection,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-analytics-'))
  const file = join(folder, 'documents.ndjson')
  try {
    await pipeline(Readable.from(lines), createWriteStream(file))
    await connection.run(`
      CREATE TEMP TABLE arrived AS FROM ${documentsIn(file)};
      DELETE FROM image_documents AS earlier USING arrived
        WHERE earlier.app = arrived.app AND earlier.image_id = arrived.image_id;
      INSERT INTO image_documents BY NAME FROM arrived;
      DROP TABLE arrived`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Inserts lines of collected files of outcomes into `collected_outcomes`. */
export async function insertCollected(
  connection: DuckDBConnection,
  lines: AsyncIterable<string>,
): Promise<void> {
  const fields = collectedColumns().filter(({ name }) => name !== 'hour')
  await insertLines(
    connection,
    lines,
    (file) =>
      `collected_outcomes BY NAME SELECT *, substr(collected_at, 1, 13) AS hour FROM ${readJson(file, fields)}`,
  )
}

/** The same of refusals, into `collected_refusals`. */
export async function insertRefusals(
  connection: DuckDBConnection,
  lines: AsyncIterable<string>,
): Promise<void> {
  const fields = collectedRefusalColumns()
  await insertLines(connection, lines, (file) => `collected_refusals BY NAME FROM ${readJson(file, fields)}`)
}

/** @param into the end of an INSERT statement that reads a file */
async function insertLines(
  connection: DuckDBConnection,
  lines: AsyncIterable<string>,
  into: (file: string) => string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-analytics-'))
  const file = join(folder, 'collected.ndjson')
  try {
    await pipeline(Readable.from(lines), createWriteStream(file))
    await connection.run(`INSERT INTO ${into(file)}`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A DuckDB expression for the rows of `image_documents` in a file. Documents have no `dt`; it follows from the image's id. */
export function documentsIn(file: string): string {
  if (extname(file) === '.parquet') return `read_parquet(${text(file)})`
  const fields = documentColumns().filter(({ name }) => name !== 'dt')
  return `(SELECT *, strftime(make_timestamp_ms(CAST('0x' || substr(image_id, 1, 8) || substr(image_id, 10, 4) AS BIGINT)), '%Y-%m-%d') AS dt
    FROM ${readJson(file, fields)})`
}

function readJson(file: string, fields: Column[]): string {
  const columns = fields.map(({ name, type }) => `${text(name)}: ${text(duckDbType(type))}`)
  return `read_json(${text(file)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`
}
