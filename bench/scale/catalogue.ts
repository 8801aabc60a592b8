/** What outcomes need on their way to the analysts' table at a steady rate: arithmetic, no code of the services runs. */

/** Settings of announceOutcomes and collectEvents in the services' serverless.yml. */
export const ANNOUNCING = { batch: 100, executions: 10 }
export const COLLECTING = { executions: 20 }
/** mergeOutcomes and reconcileRows: packages/analytics/src/merge-collected.ts, services/analytics-catalog/src/reconcile. */
const MERGE = { everySeconds: 300, maxFiles: 500 }
/** Two days and a thirtieth of the others, in 12 minutes of each quarter of an hour. Documents are kept for two years by default. */
const COMPARISON = {
  days: 2 + (730 - 2) / 30,
  documentsOfList: 1_000,
  secondsOfCall: 720,
  everySeconds: 900,
}
const DAY_SECONDS = 86_400

/** Lambda passes at most 6 MB to a function: `pnpm bench:cost` collects as many events. */
const BATCH_BYTES = 6e6
const BATCH_EVENTS = 3_848
/** A trigger reads a queue with five connections at first, and each gathers for a minute. */
const MOST_SMALL_FILES = (5 * MERGE.everySeconds) / 60

/** AWS's quotas: messages of a standard queue that are received and not deleted, and a statement of Athena. */
const IN_FLIGHT = 120_000
const STATEMENT_SECONDS = 30 * 60

/** Assumed. A merge reads the keys and sequences of a day to find its rows: 60 bytes of Parquet each. */
const SECONDS = {
  /** Documents are read 20 at once, 30 ms each, and published ten at once, 25 ms each. */
  announceBatch: 0.4,
  collectBatch: 1,
  /** Start, plan and commit of a statement. */
  statement: 20,
  jsonGigabyte: 4,
  parquetGigabyte: 1,
  /** Of a processor, to read a listing of a thousand keys: 12 ms on a laptop. */
  list: 0.015,
}
const KEY_BYTES = 60
/** A query for the days of the files comes before the statement. */
const READS = 2

export interface CatalogueLoad {
  /** Executions at once. */
  announcing: number
  collecting: number
  inFlight: number
  /** Of one merge. */
  files: number
  statements: number
  jsonGigabytes: number
  keyGigabytes: number
  mergeSeconds: number
  /** With the pauses between calls. */
  comparisonSeconds: number
  /** Limits that are reached at this rate. */
  bound: CatalogueLimit[]
}

/** What can bind, with what an owner can do about it. */
export const CATALOGUE_REMEDIES = {
  announceOutcomes: 'raise its maximumConcurrency: meanwhile outcomes wait in their queue',
  collectEvents: 'raise its maximumConcurrency: meanwhile events wait in their queue',
  'messages in flight': 'lower maximumConcurrency of collectEvents',
  'a merge every five minutes': 'nothing is lost: the next merge has more files',
  "a statement's 30 minutes": 'merge fewer files in a statement',
  'the daily comparison':
    'nothing is left out, but it takes more than a day, and its alarm rings: keep documents for less time, or divide the apps among several stages',
} as const
type CatalogueLimit = keyof typeof CATALOGUE_REMEDIES

/** @param rate images a second, each with one outcome, all day */
export function catalogueAt(rate: number): CatalogueLoad {
  const announcing = (rate / ANNOUNCING.batch) * SECONDS.announceBatch
  const collecting = (rate / BATCH_EVENTS) * SECONDS.collectBatch
  const events = rate * MERGE.everySeconds
  const files = Math.max(Math.min(events, MOST_SMALL_FILES), Math.ceil(events / BATCH_EVENTS))
  const statements = Math.ceil(files / MERGE.maxFiles)
  const jsonGigabytes = (events * BATCH_BYTES) / BATCH_EVENTS / 1e9
  const keyGigabytes = (rate * DAY_SECONDS * KEY_BYTES) / 1e9
  const reading =
    READS * jsonGigabytes * SECONDS.jsonGigabyte + statements * keyGigabytes * SECONDS.parquetGigabyte
  const mergeSeconds = statements * SECONDS.statement + reading
  const listings = (rate * DAY_SECONDS * COMPARISON.days) / COMPARISON.documentsOfList
  const comparing = listings * SECONDS.list
  const pauses = Math.floor(comparing / COMPARISON.secondsOfCall)
  const comparisonSeconds = comparing + pauses * (COMPARISON.everySeconds - COMPARISON.secondsOfCall)
  // All connections gather full batches, and as many are being written.
  const inFlight = Math.min(events, COLLECTING.executions * BATCH_EVENTS + collecting * BATCH_EVENTS)
  const limits: [CatalogueLimit, boolean][] = [
    ['announceOutcomes', announcing > ANNOUNCING.executions],
    ['collectEvents', collecting > COLLECTING.executions],
    ['messages in flight', inFlight > IN_FLIGHT],
    ['a merge every five minutes', mergeSeconds > MERGE.everySeconds],
    ["a statement's 30 minutes", mergeSeconds / statements > STATEMENT_SECONDS],
    ['the daily comparison', comparisonSeconds > DAY_SECONDS],
  ]
  const bound = limits.flatMap(([limit, isReached]) => (isReached ? [limit] : []))
  return {
    announcing,
    collecting,
    inFlight,
    files,
    statements,
    jsonGigabytes,
    keyGigabytes,
    mergeSeconds,
    comparisonSeconds,
    bound,
  }
}

/** The rates of docs/scale.md. */
export const CATALOGUE_RATES = [10, 100, 1_000, 10_000]
export const CATALOGUE_COLUMNS = ['images/s', 'executions', 'files', 'bytes', 'merge', 'comparison', 'binds']

export function catalogueRow(rate: number): string[] {
  const load = catalogueAt(rate)
  const bytes = (gigabytes: number) =>
    gigabytes < 1 ? `${Math.ceil(gigabytes * 1000)} MB` : `${gigabytes.toFixed(1)} GB`
  return [
    rate.toLocaleString('en'),
    `${Math.ceil(load.announcing)} + ${Math.ceil(load.collecting)}`,
    load.statements > 1 ? `${load.files} in ${load.statements}` : String(load.files),
    `${bytes(load.jsonGigabytes)} + ${bytes(load.keyGigabytes)}`,
    duration(load.mergeSeconds),
    duration(load.comparisonSeconds),
    load.bound.join(', ') || 'none',
  ]
}

const duration = (seconds: number) =>
  seconds < 180
    ? `${Math.ceil(seconds)} s`
    : seconds < 7_200
      ? `${Math.ceil(seconds / 60)} min`
      : `${Math.ceil(seconds / 3_600)} h`
