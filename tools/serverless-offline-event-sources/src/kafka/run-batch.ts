import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../retry.ts'
import type { Log } from '../serverless.ts'
import { MAX_PAYLOAD_BYTES } from '../sqs/payload.ts'
import type { FetchedRecord } from './assigned-partition.ts'
import { failedOffsets } from './failed-offsets.ts'
import type { KafkaMapping } from './mapping.ts'
import type { Discard } from './on-failure-destination.ts'

export interface BatchContext {
  functionKey: string
  mapping: KafkaMapping
  log: Log
  /** Stops the retries. Failed records stay uncommitted. */
  signal: AbortSignal
  /** Rejects if the whole batch failed. */
  invoke(records: FetchedRecord[]): Promise<unknown>
  /** Resolves once the records may be dropped. */
  discard(discard: Discard): Promise<void>
  /** Called when a partition has no records left in the batch. */
  release(partition: number): void
}

type Part = { records: FetchedRecord[]; retries: number }

/**
 * Runs a batch until all records have succeeded, are discarded, or belong to revoked partitions. Failed records are
 * retried alone and in order. A partition is released as soon as all of its records are done.
 */
export async function runBatch(records: FetchedRecord[], context: BatchContext): Promise<void> {
  let parts: Part[] = [{ records, retries: 0 }]
  const held = new Set(records.map(({ partition }) => partition.index))
  const releaseAllBut = (rest: FetchedRecord[]) => {
    const still = new Set(rest.map(({ partition }) => partition.index))
    for (const index of held) {
      if (!still.has(index) && held.delete(index)) context.release(index)
    }
  }
  try {
    while (parts[0] && !context.signal.aborted) {
      const [part, ...later] = parts
      parts = [...(await runPart(part, context)), ...later]
      releaseAllBut(parts.flatMap((left) => left.records))
    }
  } finally {
    releaseAllBut([])
  }
}

/** Invokes the function once and returns what to retry. */
async function runPart({ records: all, retries }: Part, context: BatchContext): Promise<Part[]> {
  if (retries > 0) await sleep(backoffMs(retries), undefined, { signal: context.signal }).catch(() => {})
  const records = await discardExpiredOrTooLarge(all.filter(isOurs), retries, context)
  if (records.length === 0 || context.signal.aborted) return []
  const { failed, error } = await invoke(records, context)
  await commit(records.filter((record) => !failed.includes(record)))
  const left = failed.filter(isOurs)
  if (left.length === 0) return []
  const mayRetry = retries < context.mapping.maximumRetryAttempts
  logFailure(left, mayRetry, error, context)
  if (mayRetry && error !== undefined && context.mapping.bisectsOnError && left.length > 1) {
    const middle = Math.ceil(left.length / 2)
    return [left.slice(0, middle), left.slice(middle)].map((half) => ({ records: half, retries }))
  }
  if (mayRetry) return [{ records: left, retries: retries + 1 }]
  await discard(left, 'RetryAttemptsExhausted', retries + 1, context)
  return []
}

const isOurs = ({ partition }: FetchedRecord) => !partition.revoked.aborted

/** Some records failed according to the function's report, or all of them with an error. */
async function invoke(
  records: FetchedRecord[],
  { invoke: invokeFunction, mapping }: BatchContext,
): Promise<{ failed: FetchedRecord[]; error?: unknown }> {
  try {
    const response = await invokeFunction(records)
    if (!mapping.reportsItemFailures) return { failed: [] }
    const lowest = failedOffsets(response, records)
    return {
      failed: records.filter(
        ({ partition, offset }) => offset >= (lowest.get(partition.key) ?? Number.POSITIVE_INFINITY),
      ),
    }
  } catch (error) {
    return { failed: records, error }
  }
}

/** Discards records that are too old or too large for an event, and returns the rest. */
async function discardExpiredOrTooLarge(
  records: FetchedRecord[],
  invocations: number,
  context: BatchContext,
): Promise<FetchedRecord[]> {
  const oldest = Date.now() - context.mapping.maximumRecordAgeSeconds * 1000
  const expired = [...Map.groupBy(records, ({ partition }) => partition).values()].flatMap((group) => {
    const fresh = group.findIndex(({ timestamp }) => timestamp >= oldest)
    return fresh < 0 ? group : group.slice(0, fresh)
  })
  if (expired.length > 0) await discard(expired, 'RecordAgeExceeded', invocations, context)
  const rest = records.filter((record) => !expired.includes(record))
  const isTooLarge = rest.length === 1 && rest[0] && rest[0].payloadBytes > MAX_PAYLOAD_BYTES
  if (!isTooLarge) return rest
  await discard(rest, 'MaximumPayloadSizeExceeded', invocations, context)
  return []
}

/** Commits only after the report has been sent. */
async function discard(
  records: FetchedRecord[],
  condition: Discard['condition'],
  invocations: number,
  { log, functionKey, discard: report }: BatchContext,
): Promise<void> {
  log.error(`${functionKey}: discarded ${describe(records)}: ${condition}`)
  await report({ records, condition, invocations })
  await commit(records)
}

async function commit(records: FetchedRecord[]): Promise<void> {
  const next = new Map(records.map(({ partition, offset }) => [partition, offset + 1]))
  await Promise.all([...next].map(([partition, offset]) => partition.commit(offset)))
}

function logFailure(left: FetchedRecord[], mayRetry: boolean, error: unknown, context: BatchContext): void {
  const { log, functionKey } = context
  const next = mayRetry ? ', retrying' : ''
  if (error === undefined) {
    log.notice(`${functionKey} reported a failure in ${describe(left)}${next}`)
    return
  }
  const reason = error instanceof Error ? error.message : String(error)
  log.error(`${functionKey} failed on ${describe(left)}${next}: ${reason}`)
}

/** 3 records (images-0 from 15, images-1 from 8) */
function describe(records: FetchedRecord[]): string {
  const groups = Object.entries(Object.groupBy(records, ({ partition }) => partition.key))
  const places = groups.map(([key, group = []]) => `${key} from ${group[0]?.offset}`)
  return `${records.length} ${records.length === 1 ? 'record' : 'records'} (${places.join(', ')})`
}
