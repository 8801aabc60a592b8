import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Catalogue,
  fileOfTableQuery,
  ICEBERG_TABLES,
  isOfImage,
  rowsOfImageQuery,
  snapshotsQuery,
  snapshotsWithImageQuery,
  TABLES,
} from '@darkroom/analytics'
import { type Bucket, listObjects, readStored } from '@darkroom/bucket'
import { dateOf, type ImageRef, parseS3Uri } from '@darkroom/core'
import type { Looked } from './looked.ts'

/** The catalogue in which an erased image is looked for. */
export interface SearchedCatalogue {
  catalogue: Catalogue
  /** Of a deployment. DuckDB's tables are in memory: they have neither snapshots nor files, and results are not stored. */
  stored?: {
    /** `s3://bucket/prefix/` of the results of queries. */
    results: string
  }
}

type IcebergTable = (typeof ICEBERG_TABLES)[number]

/** What the catalogue consists of, as it is named in the search. */
export const CATALOGUE_PLACES = {
  tables: TABLES.map((table) => `table ${table}`),
  snapshots: ICEBERG_TABLES.map((table) => `snapshots of ${table}`),
  files: ICEBERG_TABLES.map((table) => `files of ${table}`),
  results: ['query results'],
}

/** Looks for an image in the tables, their snapshots and files, and the results of queries. */
export async function* lookInCatalogue(
  bucket: Bucket,
  image: ImageRef,
  searched: SearchedCatalogue | undefined,
): AsyncGenerator<Looked> {
  if (!searched) {
    for (const place of Object.values(CATALOGUE_PLACES).flat())
      yield { place, how: 'not looked at: add --catalogue', found: [] }
    return
  }
  const { catalogue, stored } = searched
  for (const table of TABLES) {
    const [row] = (await catalogue.query(rowsOfImageQuery(table, image))).rows
    const rows = Number(row?.[0])
    yield { place: `table ${table}`, how: `${rows} rows`, found: rows > 0 ? [`${rows} rows`] : [] }
  }
  for (const table of ICEBERG_TABLES) {
    const looked = stored ? await lookInSnapshots(catalogue, table, image) : IN_MEMORY
    yield { place: `snapshots of ${table}`, ...looked }
  }
  for (const table of ICEBERG_TABLES) {
    const looked = stored ? await lookInFiles(bucket, catalogue, table, image) : IN_MEMORY
    yield { place: `files of ${table}`, ...looked }
  }
  yield {
    place: 'query results',
    ...(stored ? await lookInResults(bucket, stored.results, image) : IN_MEMORY),
  }
}

type Answer = Omit<Looked, 'place'>

const IN_MEMORY: Answer = { how: 'there are none: this catalogue is in memory', found: [] }

/** Of one query. */
const MAX_SNAPSHOTS = 20

async function lookInSnapshots(catalogue: Catalogue, table: IcebergTable, image: ImageRef): Promise<Answer> {
  const ids = (await catalogue.query(snapshotsQuery(table))).rows.map(([id]) => String(id))
  const found: string[] = []
  for (let from = 0; from < ids.length; from += MAX_SNAPSHOTS) {
    const query = snapshotsWithImageQuery(table, image, ids.slice(from, from + MAX_SNAPSHOTS))
    found.push(...(await catalogue.query(query)).rows.map(([id, rows]) => `snapshot ${id}: ${rows} rows`))
  }
  return { how: `${ids.length} snapshots`, found }
}

/** A row that was deleted stays in its file until the file is written again and deleted, which no query shows. */
async function lookInFiles(
  bucket: Bucket,
  catalogue: Catalogue,
  table: IcebergTable,
  image: ImageRef,
): Promise<Answer> {
  const [row] = (await catalogue.query(fileOfTableQuery(table))).rows
  const file = parseS3Uri(String(row?.[0]))
  if (!file) return { how: 'the table has no files', found: [] }
  const folder = file.key.slice(0, file.key.lastIndexOf('/metadata/') + 1)
  const { openParquetReader } = await import('@darkroom/catalogue')
  const reader = await openParquetReader()
  const files = { ...bucket, name: file.bucket }
  const condition = { column: 'image_id', where: isOfImage(table, image) }
  const looked = { read: 0, found: [] as string[] }
  try {
    for await (const { key } of listObjects(files, folder)) {
      if (!key.endsWith('.parquet') || isOfOtherDay(table, key, image)) continue
      const rows = await withCopy(files, key, (copy) => reader.count(copy, condition))
      looked.read += 1
      if (rows) looked.found.push(`s3://${file.bucket}/${key}: ${rows} rows`)
    }
  } finally {
    reader.close()
  }
  return { how: `read ${looked.read} files of data`, found: looked.found }
}

/** Images are in the partition of their day; look-alikes in that of the later image. */
function isOfOtherDay(table: IcebergTable, key: string, { imageId }: ImageRef): boolean {
  const day = /\/dt=(?<day>\d{4}-\d\d-\d\d)\//.exec(key)?.groups?.day
  return table === 'images' && day !== undefined && day !== dateOf(imageId)
}

async function withCopy<Result>(
  bucket: Bucket,
  key: string,
  use: (file: string) => Promise<Result>,
): Promise<Result | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-parquet-'))
  const file = join(folder, 'data.parquet')
  try {
    const copied = await readStored(bucket, key, async ({ chunks }) => {
      await pipeline(Readable.from(chunks), createWriteStream(file))
      return true
    })
    return copied ? await use(file) : undefined
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Results of queries are text. Those with the id are found; a result may contain a file name without its id. */
async function lookInResults(bucket: Bucket, uri: string, { imageId }: ImageRef): Promise<Answer> {
  const results = parseS3Uri(uri)
  if (!results) return { how: `${uri} is no address of S3`, found: [] }
  const stored = { ...bucket, name: results.bucket }
  const looked = { read: 0, found: [] as string[] }
  for await (const { key } of listObjects(stored, results.key)) {
    looked.read += 1
    const contains = await readStored(stored, key, ({ chunks }) => includes(chunks, imageId))
    if (contains) looked.found.push(`s3://${results.bucket}/${key}`)
  }
  return {
    how: `searched ${looked.read} results for the id; all are deleted after 30 days`,
    found: looked.found,
  }
}

async function includes(chunks: AsyncIterable<Uint8Array>, text: string): Promise<boolean> {
  let end = ''
  for await (const chunk of chunks) {
    const read = end + Buffer.from(chunk).toString('latin1')
    if (read.includes(text)) return true
    end = read.slice(-text.length)
  }
  return false
}
