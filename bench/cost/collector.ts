import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateImages } from '@darkroom/catalogue'
import { toAsciiJson } from '@darkroom/core'
import type { SQSEvent } from 'aws-lambda'
import { eventOf } from '../../tools/catalogue/src/testing/collect-documents.ts'
import { ANALYTICS, COMPARED_LISTINGS, FILE_READS } from './counted.ts'
import { PRICES } from './prices.ts'

/** Lambda passes at most 6 MB to a function. */
const MAX_BATCH_BYTES = 6_000_000
const BATCH_OF_POLLER = 10

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

/** US dollars of a day with so many images: from the topic to the table, the searches, its maintenance, and what the daily comparisons list. */
export function analyticsOfDay(
  images: number,
  batch: CollectedBatch,
  gigabytes: { collectEvents: number; mergeOutcomes: number },
): Record<string, number> {
  const { PER_MERGE, PER_DAY, BYTES, SEARCHES, QUERY_BYTES, WINDOWS, MERGES } = ANALYTICS
  const batches = images / batch.events
  const files = Math.max(batches, Math.min(images, WINDOWS))
  const merges = Math.min(images, MERGES)
  const merged = Math.max(merges * PER_MERGE.queries * QUERY_BYTES, batches * batch.bytes * FILE_READS)
  const found = (merges * images * BYTES.key) / 2
  const searched = Math.max(SEARCHES.ofDay * QUERY_BYTES, images * SEARCHES.ofImage * BYTES.hash)
  const rewritten = PER_DAY.queries * QUERY_BYTES + Math.max(QUERY_BYTES, images * BYTES.rewritten)
  return {
    // SNS sends each event by itself; Lambda receives and deletes ten at a time.
    queue: images * (1 + 2 / BATCH_OF_POLLER) * PRICES.sqsRequest,
    collector:
      files * (PRICES.invocation + PRICES.s3Write) +
      (batches * batch.milliseconds * gigabytes.collectEvents * PRICES.gigabyteSecond) / 1000,
    merges:
      merges *
        (PRICES.invocation +
          PER_MERGE.s3Write * PRICES.s3Write +
          PER_MERGE.seconds * gigabytes.mergeOutcomes * PRICES.gigabyteSecond) +
      files * FILE_READS * PRICES.s3Read,
    Athena: ((merged + found) / 1e12) * PRICES.athenaTerabyte,
    'look-alikes': (searched / 1e12) * PRICES.athenaTerabyte,
    maintenance:
      (rewritten / 1e12) * PRICES.athenaTerabyte +
      merges * (PER_MERGE.maintenanceReads * PRICES.s3Read + PER_MERGE.maintenanceWrites * PRICES.s3Write) +
      PER_DAY.s3Write * PRICES.s3Write +
      PER_DAY.s3Read * PRICES.s3Read,
    comparisons: images * COMPARED_LISTINGS * PRICES.s3Write,
  }
}
