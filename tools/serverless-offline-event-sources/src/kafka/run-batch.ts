import { setTimeout as sleep } from 'node:timers/promises'
import { pauseBefore } from '../keep-trying.ts'
import type { Log } from '../serverless.ts'
import { payloadLimit } from '../sqs/payload.ts'
import type { FetchedRecord } from './assigned-partition.ts'
import { failedOffsets } from './failed-offsets.ts'
import type { KafkaMapping } from './kafka-mapping.ts'
import type { Discard } from './on-failure-destination.ts'

export type BatchTerms = {
  functionKey: string
  mapping: KafkaMapping
  log: Log
  /** Ends the retries; what has not succeeded stays uncommitted. */
  signal: AbortSignal
  /** Rejects if the function fails as a whole. */
  invoke(records: FetchedRecord[]): Promise<unknown>
  /** Resolves once the records may be forgotten. */
  discard(discard: Discard): Promise<void>
  /** A partition of the batch has nothing left in it. */
  release(partition: number): void
}

type Part = { records: FetchedRecord[]; retries: number }

/**
 * Sees a batch through to its end: success, a discard, or the loss of its partitions. What failed is tried again,
 * by itself and in order; a partition goes on as soon as all of its records are done.
 */
export async function runBatch(records: FetchedRecord[], terms: BatchTerms): Promise<void> {
  let parts: Part[] = [{ records, retries: 0 }]
  const held = new Set(records.map(({ partition }) => partition.index))
  const releaseAllBut = (rest: FetchedRecord[]) => {
    const still = new Set(rest.map(({ partition }) => partition.index))
    for (const index of held) {
      if (!still.has(index) && held.delete(index)) terms.release(index)
    }
  }
  try {
    while (parts[0] && !terms.signal.aborted) {
      const [part, ...later] = parts
      parts = [...(await runPart(part, terms)), ...later]
      releaseAllBut(parts.flatMap((left) => left.records))
    }
  } finally {
    releaseAllBut([])
  }
}

/** One invocation. Gives what is to be tried next. */
async function runPart({ records: all, retries }: Part, terms: BatchTerms): Promise<Part[]> {
  if (retries > 0) await sleep(pauseBefore(retries), undefined, { signal: terms.signal }).catch(() => {})
  const records = await discardUnfit(all.filter(isOurs), retries, terms)
  if (records.length === 0 || terms.signal.aborted) return []
  const { failed, error } = await invoke(records, terms)
  await commit(records.filter((record) => !failed.includes(record)))
  const left = failed.filter(isOurs)
  if (left.length === 0) return []
  const mayRetry = retries < terms.mapping.maximumRetryAttempts
  logFailure(left, mayRetry, error, terms)
  if (mayRetry && error !== undefined && terms.mapping.bisectsOnError && left.length > 1) {
    const middle = Math.ceil(left.length / 2)
    return [left.slice(0, middle), left.slice(middle)].map((half) => ({ records: half, retries }))
  }
  if (mayRetry) return [{ records: left, retries: retries + 1 }]
  await discard(left, 'RetryAttemptsExhausted', retries + 1, terms)
  return []
}

const isOurs = ({ partition }: FetchedRecord) => !partition.revoked.aborted

/** Either some records failed, by the function's report, or all of them, with an error. */
async function invoke(
  records: FetchedRecord[],
  { invoke: invokeFunction, mapping }: BatchTerms,
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

/** What is too old or too large for an event, to which the rest is not made to wait. */
async function discardUnfit(
  records: FetchedRecord[],
  invocations: number,
  terms: BatchTerms,
): Promise<FetchedRecord[]> {
  const oldest = Date.now() - terms.mapping.maximumRecordAge * 1000
  const expired = [...Map.groupBy(records, ({ partition }) => partition).values()].flatMap((group) => {
    const fresh = group.findIndex(({ timestamp }) => timestamp >= oldest)
    return fresh < 0 ? group : group.slice(0, fresh)
  })
  if (expired.length > 0) await discard(expired, 'RecordAgeExceeded', invocations, terms)
  const rest = records.filter((record) => !expired.includes(record))
  const isTooLarge = rest.length === 1 && rest[0] && rest[0].payloadBytes > payloadLimit
  if (!isTooLarge) return rest
  await discard(rest, 'MaximumPayloadSizeExceeded', invocations, terms)
  return []
}

/** Committed only once it is known elsewhere. */
async function discard(
  records: FetchedRecord[],
  condition: Discard['condition'],
  invocations: number,
  { log, functionKey, discard: report }: BatchTerms,
): Promise<void> {
  log.error(`${functionKey} never took ${describe(records)}: ${condition}`)
  await report({ records, condition, invocations })
  await commit(records)
}

async function commit(records: FetchedRecord[]): Promise<void> {
  const next = new Map(records.map(({ partition, offset }) => [partition, offset + 1]))
  await Promise.all([...next].map(([partition, offset]) => partition.commit(offset)))
}

function logFailure(left: FetchedRecord[], mayRetry: boolean, error: unknown, terms: BatchTerms): void {
  const { log, functionKey } = terms
  const next = mayRetry ? ', which is tried again' : ''
  if (error === undefined) {
    log.notice(`${functionKey} reported a failure in ${describe(left)}${next}`)
    return
  }
  const reason = error instanceof Error ? error.message : String(error)
  log.error(`${functionKey} failed with ${describe(left)}${next}: ${reason}`)
}

/** 3 records (images-0 from 15, images-1 from 8) */
function describe(records: FetchedRecord[]): string {
  const groups = Object.entries(Object.groupBy(records, ({ partition }) => partition.key))
  const places = groups.map(([key, group = []]) => `${key} from ${group[0]?.offset}`)
  return `${records.length} ${records.length === 1 ? 'record' : 'records'} (${places.join(', ')})`
}
