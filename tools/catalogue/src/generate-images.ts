import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { ATHENA_SESSION } from './athena-functions.ts'
import { text } from './create-tables.ts'
import { type Generation, generatedDocuments } from './generate-documents.ts'

export type DocumentFormat = 'json' | 'parquet'

/** Writes `documents.ndjson`, one metadata document per line as in S3, or the same as `documents.parquet`. */
export async function generateImages(
  folder: string,
  generation: Generation,
  format: DocumentFormat,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, format === 'json' ? 'documents.ndjson' : 'documents.parquet')
  const instance = await DuckDBInstance.create(':memory:', { temp_directory: tmpdir() })
  const connection = await instance.connect()
  try {
    await connection.run(ATHENA_SESSION)
    await connection.run(copyTo(file, format, generatedDocuments(generation)))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
  return file
}

function copyTo(file: string, format: DocumentFormat, documents: string): string {
  if (format === 'parquet') return `COPY (${documents}) TO ${text(file)} (FORMAT parquet, COMPRESSION zstd)`
  // A merge patch (RFC 7396) removes nulls, as in the documents. CSV without quotes writes one row per line.
  return `COPY (
    SELECT json_merge_patch('{}', to_json(document)) FROM (SELECT * EXCLUDE (dt) FROM (${documents})) AS document
  ) TO ${text(file)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\\x01')`
}
