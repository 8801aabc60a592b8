import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection } from '@duckdb/node-api'
import { documentColumns, duckDbType } from './columns.ts'
import { text } from './create-tables.ts'

/** Puts documents, a line of JSON each, into `image_documents`, in the place of earlier ones of the same images. */
export async function insertDocuments(
  connection: DuckDBConnection,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-analytics-'))
  const file = join(folder, 'documents.ndjson')
  try {
    await pipeline(Readable.from(lines), createWriteStream(file))
    await connection.run(`
      CREATE TEMP TABLE arrived AS FROM ${readLines(file)};
      DELETE FROM image_documents WHERE image_id IN (SELECT image_id FROM arrived);
      INSERT INTO image_documents BY NAME FROM arrived;
      DROP TABLE arrived`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Such a file as a table of DuckDB. */
function readLines(file: string): string {
  const columns = documentColumns().map(({ name, type }) => `${text(name)}: ${text(duckDbType(type))}`)
  return `read_json(${text(file)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`
}
