/**
 * Measures the catalogue over many images: time and bytes read for every view, from JSON documents and from the compacted
 * table, and how both grow; and the search for look-alikes compared with a brute-force comparison. `pnpm bench:analytics [--images N,N,…] [--json-up-to N] [--all-with-all-up-to N]
 * [--views NAME,NAME,…]`
 *
 * With `--look-alikes`, only the search for look-alikes and the views of what it found, over images that have no other columns
 * than these read. With `--known` as well, only the views, over what the search found in an earlier run.
 *
 * With `--against CHECKOUT`, the search for look-alikes of another commit takes turns with ours, over the same images: one thread,
 * so that its processor time depends little on other work of the machine, and the median of five.
 *
 * DuckDB has two threads and 6 GB of memory; the rest spills to disk. The generated images are kept in
 * .cache/bench-analytics: ten million take 1.2 GB as Parquet, 12.4 GB as JSON and, the first time, some minutes. JSON
 * documents are in one file, one per line.
 */

import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { imagesOf, MAX_DIFFERING_BITS, mergeLookAlikesStatement, readQueries } from '@darkroom/analytics'
import {
  ATHENA_FUNCTIONS,
  ATHENA_SESSION,
  createTables,
  documentsIn,
  generatedDocuments,
  generateImages,
} from '@darkroom/catalogue'
import { formatTable, scriptOptions } from '@darkroom/terminal'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

const { values: options } = scriptOptions(import.meta.filename, {
  options: {
    images: { type: 'string', default: '10000,100000,1000000,10000000' },
    'json-up-to': { type: 'string', default: '10000000' },
    'all-with-all-up-to': { type: 'string', default: '10000' },
    views: { type: 'string' },
    'look-alikes': { type: 'boolean', default: false },
    known: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
})
const OF_LOOK_ALIKES = ['near_duplicates', 'near_duplicates_by_day']
const views =
  options.views?.split(',') ??
  (options['look-alikes'] ? OF_LOOK_ALIKES : readQueries().map(({ name }) => name))
const sizes = options.images.split(',').map(Number)
const folder = new URL('../.cache/bench-analytics/', import.meta.url).pathname
const ROUNDS = 3
const TURNS = 5
/** Fixed, so that cached files stay valid. */
const UNTIL = '2026-11-25'
const ALL_DAYS = 36_500

interface Cost {
  seconds: number
  /** Seconds of one core. */
  cpuSeconds: number
  /** Undefined if the system does not count them. */
  bytes: number | undefined
}

async function openDatabase(statements = ATHENA_FUNCTIONS, threads = 2): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: '6GB',
    temp_directory: `${folder}spilled`,
  })
  const connection = await instance.connect()
  for (const statement of [ATHENA_SESSION, ...statements]) await connection.run(statement)
  return connection
}

async function bytesRead(): Promise<number | undefined> {
  const counters = await readFile('/proc/self/io', 'utf8').catch(() => '')
  const [, count] = /^rchar: (\d+)$/m.exec(counters) ?? []
  return count === undefined ? undefined : Number(count)
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [before, cpuBefore, started] = [await bytesRead(), process.cpuUsage(), performance.now()]
  await work()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  const after = await bytesRead()
  return { seconds, cpuSeconds: (user + system) / 1e6, bytes: after && before && after - before }
}

/** The fastest of several rounds. */
async function leastCostOf(connection: DuckDBConnection, sql: string): Promise<Cost> {
  const costs: Cost[] = []
  for (let round = 0; round < ROUNDS; round++) costs.push(await costOf(() => connection.runAndReadAll(sql)))
  return costs.reduce((least, cost) => (cost.seconds < least.seconds ? cost : least))
}

async function cached(file: string, create: (path: string) => Promise<unknown>): Promise<string> {
  const path = folder + file
  if (existsSync(path)) return path
  console.log(`  (creating ${relative('.', path)} …)`)
  await create(`${path}.part`)
  await rename(`${path}.part`, path)
  return path
}

/** In the order of days, as Iceberg's compaction writes them, with the rows that erased images leave. */
function compactedImages(images: number): Promise<string> {
  const [name, columns] = options['look-alikes']
    ? ['hashes', 'app, dt, image_id, status, perceptual_hash, perceptual_hash_version']
    : ['images', '*']
  return cached(`${name}-${images}.parquet`, async (path) => {
    const connection = await openDatabase()
    const documents = `(${generatedDocuments({ images, seed: 1, days: 365, until: UNTIL })})`
    const rows = `SELECT ${columns} FROM (${imagesOf(documents)}) ORDER BY dt, app, image_id`
    await connection.run('SET preserve_insertion_order = false')
    await connection.run(`COPY (${rows}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`)
  })
}

async function jsonDocuments(images: number): Promise<string> {
  const documents = await cached(`documents-${images}`, (path) =>
    generateImages(path, { images, seed: 1, days: 365, until: UNTIL }, 'json'),
  )
  return `${documents}/documents.ndjson`
}

/** Creates the analysts' database over `images`, as they are after a merge, with the look-alikes that the merge found. */
async function databaseOver(images: string, lookAlikes: string): Promise<DuckDBConnection> {
  const connection = await openDatabase(createTables())
  for (const table of ['images', 'look_alikes']) await connection.run(`DROP TABLE ${table}`)
  const merged = "SELECT *, '' AS sequence, current_localtimestamp() AS collected_at"
  await connection.run(`CREATE VIEW images AS ${merged} FROM (${images})`)
  await connection.run(`CREATE VIEW look_alikes AS FROM '${lookAlikes}'`)
  return connection
}

/** Finds the look-alikes of the last three days (every hour) and of all days (every week). */
async function findLookAlikes(images: number, parquet: string): Promise<string> {
  const path = `${folder}look_alikes-${images}.parquet`
  if (options.known) return path
  const connection = await openDatabase(ATHENA_FUNCTIONS, options.against === undefined ? 2 : 1)
  await connection.run(`CREATE VIEW images AS FROM '${parquet}'`)
  const periods = [
    ['the last 3 days', daysSince(UNTIL) + 3],
    ['all days', ALL_DAYS],
  ] as const
  const search = async (statement: typeof mergeLookAlikesStatement, days: number) => {
    await connection.run(`CREATE OR REPLACE TABLE look_alikes
      (app VARCHAR, dt DATE, image_id VARCHAR, other_image_id VARCHAR, differing_bits BIGINT)`)
    return costOf(() => connection.run(statement(days)))
  }
  const before = options.against === undefined ? undefined : await searchOf(options.against)
  for (const [period, days] of periods) {
    const what = `search for look-alikes, ${period}`
    if (before) {
      const [theirs, ours] = await inTurns(
        () => search(before, days),
        () => search(mergeLookAlikesStatement, days),
      )
      report(`${what}, there`, images, theirs)
      report(`… here, × ${(ours.cpuSeconds / theirs.cpuSeconds).toFixed(2)}`, images, ours)
    } else report(what, images, await search(mergeLookAlikesStatement, days))
  }
  await connection.run(`COPY look_alikes TO '${path}' (FORMAT parquet)`)
  return path
}

async function searchOf(checkout: string): Promise<typeof mergeLookAlikesStatement> {
  const analytics = resolve(process.env.INIT_CWD ?? '.', checkout, 'packages/analytics/src/index.ts')
  const { mergeLookAlikesStatement } = await import(pathToFileURL(analytics).href)
  return mergeLookAlikesStatement
}

/** The median by processor time of each, so that a change of the machine's load meets both. */
async function inTurns(one: () => Promise<Cost>, other: () => Promise<Cost>): Promise<[Cost, Cost]> {
  const turns: [Cost, Cost][] = []
  for (let turn = 0; turn < TURNS; turn++) turns.push([await one(), await other()])
  const median = (costs: Cost[]) =>
    costs.toSorted((a, b) => a.cpuSeconds - b.cpuSeconds)[(TURNS - 1) / 2] as Cost
  return [median(turns.map(([cost]) => cost)), median(turns.map(([, cost]) => cost))]
}

function daysSince(date: string): number {
  return Math.floor((Date.now() - Date.parse(date)) / (24 * 60 * 60 * 1000))
}

async function compareAllWithAll(images: number, parquet: string): Promise<void> {
  const connection = await openDatabase()
  const hashes = `SELECT app, image_id, from_big_endian_64(from_hex(perceptual_hash)) AS hash FROM '${parquet}'
    WHERE status = 'processed'`
  const cost = await costOf(() =>
    connection.runAndReadAll(`SELECT count(DISTINCT later.image_id) FROM (${hashes}) AS earlier, (${hashes}) AS later
      WHERE earlier.app = later.app AND earlier.image_id < later.image_id
        AND bit_count(bitwise_xor(earlier.hash, later.hash), 64) <= ${MAX_DIFFERING_BITS}`),
  )
  report('all hashes compared with all (brute force)', images, cost)
}

const rows: string[][] = []

function report(what: string, images: number, { seconds, cpuSeconds, bytes }: Cost): void {
  rows.push([
    what,
    images.toLocaleString('en'),
    `${(seconds * 1000).toFixed(0)} ms`,
    `${(cpuSeconds * 1000).toFixed(0)} ms`,
    bytes === undefined ? '?' : `${(bytes / 1e6).toFixed(1)} MB`,
  ])
}

/** Prints what has been reported since the last table. */
function printTable(title: string): void {
  console.log(`\n${title}`)
  console.log(formatTable(['', 'images', 'time', 'CPU', 'read', 'grows with'], rows.splice(0)))
}

/** The growth of CPU time between the two largest sizes. Exponent 1 means twice the time for twice the images. */
function slope(costs: { images: number; cpuSeconds: number }[]): string {
  const [one, other] = costs.slice(-2)
  if (!one || !other) return ''
  const exponent = Math.log(other.cpuSeconds / one.cpuSeconds) / Math.log(other.images / one.images)
  return `images ^ ${exponent.toFixed(2)}`
}

async function measureViews(source: string, databases: Map<number, DuckDBConnection>): Promise<void> {
  for (const name of views) {
    const costs = []
    for (const [images, connection] of databases) {
      const cost = await leastCostOf(connection, `SELECT * FROM ${name}`)
      report(costs.length === 0 ? name : '', images, cost)
      costs.push({ images, ...cost })
    }
    rows.at(-1)?.push(slope(costs))
  }
  printTable(`Every view, ${source}`)
}

console.log(
  'The generated images are kept in .cache/bench-analytics: 15 GB for all sizes, 2.7 GB with --json-up-to 1000000.',
)
await mkdir(folder, { recursive: true })
const compacted = new Map<number, DuckDBConnection>()
const raw = new Map<number, DuckDBConnection>()
for (const images of sizes) {
  const parquet = await compactedImages(images)
  const lookAlikes = await findLookAlikes(images, parquet)
  if (images <= Number(options['all-with-all-up-to']) && !options.known)
    await compareAllWithAll(images, parquet)
  compacted.set(images, await databaseOver(`FROM '${parquet}'`, lookAlikes))
  if (options['look-alikes']) continue
  if (images > Number(options['json-up-to'])) {
    console.log(`  (no JSON documents of ${images.toLocaleString('en')} images: more than --json-up-to)`)
    continue
  }
  const documents = documentsIn(await jsonDocuments(images))
  raw.set(images, await databaseOver(imagesOf(documents), lookAlikes))
}
if (rows.length > 0) printTable('Look-alikes')
await measureViews('from the compacted table', compacted)
if (!options['look-alikes']) await measureViews('from JSON documents', raw)
