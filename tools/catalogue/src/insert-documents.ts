import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { documentColumns } from '@darkroom/analytics'
import type { DuckDBConnection } from '@duckdb/node-api'
import { duckDbType, text } from './create-tables.ts'

/**
 * Inserts documents, one line of JSON each, into `image_documents`; they replace earlier documents of the same images.
 *
 * @returns the days on which their images were accepted
 */
export async function insertDocuments(
  connection: DuckDBConnection,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-analytics-'))
  const file = join(folder, 'documents.ndjson')
  try {
    await pipeline(Readable.from(lines), createWriteStream(file))
    await connection.run(`
      CREATE TEMP TABLE arrived AS FROM ${documentsIn(file)};
      DELETE FROM image_documents WHERE image_id IN (SELECT image_id FROM arrived);
      INSERT INTO image_documents BY NAME FROM arrived`)
    const days = await connection.runAndReadAll('SELECT DISTINCT dt FROM arrived')
    await connection.run('DROP TABLE arrived')
    return days.getRowsJson().flat().map(String)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A DuckDB expression for the rows of `image_documents` in a file. Documents have no `dt`; it follows from the image's id. */
export function documentsIn(file: string): string {
  if (extname(file) === '.parquet') return `read_parquet(${text(file)})`
  const columns = documentColumns().flatMap(({ name, type }) =>
    name === 'dt' ? [] : `${text(name)}: ${text(duckDbType(type))}`,
  )
  return `(SELECT *, strftime(make_timestamp_ms(CAST('0x' || substr(image_id, 1, 8) || substr(image_id, 10, 4) AS BIGINT)), '%Y-%m-%d') AS dt
    FROM read_json(${text(file)}, format = 'newline_delimited', columns = {${columns.join(', ')}}))`
}
