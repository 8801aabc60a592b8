import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateImages } from '@darkroom/catalogue'
import { toAsciiJson } from '@darkroom/core'
import type { SQSEvent } from 'aws-lambda'
import { eventOf } from '../../tools/catalogue/src/testing/collect-documents.ts'
import { COMPARED_LISTINGS } from './counted.ts'
import { PRICES } from './prices.ts'

/** Lambda passes at most 6 MB to a function. */
const MAX_BATCH_BYTES = 6_000_000
const WINDOW_SECONDS = 60
const MERGE_SECONDS = 300
/** mergeOutcomes reads each file twice, and those of the last two minutes again. */
const READS = 2 * ((MERGE_SECONDS + 120) / MERGE_SECONDS)
/** Of a merge: the watermark, the days, and the merge itself. */
const QUERIES = 3
/** Athena bills at least 10 MB for a query. */
const MIN_QUERY_BYTES = 10_000_000
/** What Iceberg writes for a merge of a day or two: data, deletes, manifests, metadata. */
const WRITES_OF_MERGE = 12
const BATCH_OF_POLLER = 10
/**
 * Assumed, because AWS does not say how often Glue looks at a table, and none of this has run in an account: a run takes two DPU for the minute that is billed
 * at least, and follows each merge at worst. Once an hour is what one would expect.
 */
const RUN_OF_GLUE = (2 / 60) * PRICES.dpuHour
const RUN_SECONDS = { often: MERGE_SECONDS, expected: 3_600 }
/** Snapshots and orphan files of two tables, once a day. */
const DAILY_RUNS = 4
/** If Glue bills runs that find nothing to do. */
export const IDLE_MONTH_OF_GLUE = 30 * DAILY_RUNS * RUN_OF_GLUE

/** US dollars of a million images at a steady rate for Glue's compaction of `images`, as assumed. */
export function compactionDollars(perSecond: number): { often: number; expected: number } {
  const dollars = (everySeconds: number) => Math.min(1e6, 1e6 / perSecond / everySeconds) * RUN_OF_GLUE
  return { often: dollars(RUN_SECONDS.often), expected: dollars(RUN_SECONDS.expected) }
}

/** What collectEvents did with a full batch. */
export interface CollectedBatch {
  events: number
  /** Of the file. */
  bytes: number
  milliseconds: number
}

/** Collects as many events as one invocation can get. Its file is not stored: other benches may have loaded its client for another store. */
export async function collectFullBatch(): Promise<CollectedBatch> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-collector-'))
  const needed = {
    AWS_REGION: 'us-east-1',
    STAGE: 'bench',
    BUCKET: 'bench',
    QUEUE_URL: 'http://127.0.0.1/images',
  }
  Object.assign(process.env, { ...needed, ...process.env })
  try {
    const { bucket } = await import('../../services/analytics-catalog/src/clients.ts')
    const { handler } = await import('../../services/analytics-catalog/src/collect/collect-events.ts')
    const files: Buffer[] = []
    const keep = async ({ input }: { input: { Body: Buffer } }) => {
      files.push(input.Body)
      return {}
    }
    Object.assign(bucket.s3, { send: keep })
    const bodies = await outcomes(folder)
    const Records = bodies.map((body, n) => ({ messageId: String(n), body }))
    const began = performance.now()
    await handler({ Records } as SQSEvent)
    const milliseconds = performance.now() - began
    const [file] = files
    if (!file || files.length > 1) throw new Error(`a batch became ${files.length} files`)
    return { events: bodies.length, bytes: file.length, milliseconds }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function outcomes(folder: string): Promise<string[]> {
  const generation = { images: 5_000, seed: 5, days: 3, until: new Date().toISOString() }
  const text = await readFile(await generateImages(folder, generation, 'json'), 'utf8')
  const bodies: string[] = []
  let bytes = 0
  for (const line of text.trimEnd().split('\n')) {
    const body = toAsciiJson(eventOf(JSON.parse(line)))
    bytes += body.length
    if (bytes > MAX_BATCH_BYTES) break
    bodies.push(body)
  }
  return bodies
}

/** US dollars of a million images at a steady rate: from the topic to the table, with what the daily comparisons list. */
export function analyticsDollars(
  perSecond: number,
  { events, bytes, milliseconds }: CollectedBatch,
  gigabytes: { collectEvents: number; mergeOutcomes: number },
): { parts: Record<string, number>; gigabytesRead: number } {
  const seconds = 1e6 / perSecond
  const files = Math.max(1e6 / events, Math.min(1e6, seconds / WINDOW_SECONDS))
  const merges = Math.min(1e6, seconds / MERGE_SECONDS)
  const read = (bytes / events) * 1e6 * READS
  const scanned = Math.max(merges * QUERIES * MIN_QUERY_BYTES, read)
  const parts = {
    // SNS sends each event by itself; Lambda receives and deletes ten at a time.
    queue: 1e6 * (1 + 2 / BATCH_OF_POLLER) * PRICES.sqsRequest,
    collector:
      files * (PRICES.invocation + PRICES.s3Write) +
      ((1e6 / events) * milliseconds * gigabytes.collectEvents * PRICES.gigabyteSecond) / 1000,
    merges:
      merges * (PRICES.invocation + PRICES.s3Write + 10 * gigabytes.mergeOutcomes * PRICES.gigabyteSecond) +
      files * READS * PRICES.s3Read +
      merges * WRITES_OF_MERGE * PRICES.s3Write,
    Athena: (scanned / 1e12) * PRICES.athenaTerabyte,
    comparisons: 1e6 * COMPARED_LISTINGS * PRICES.s3Write,
  }
  return { parts, gigabytesRead: read / 1e9 }
}
