import type { MSKEvent, MSKRecord, SelfManagedKafkaEvent } from 'aws-lambda'
import { bridgeRecord } from './bridge-record.ts'
import { countRecords, type RecordOutcome } from './count-records.ts'
import { listRejected } from './list-rejected.ts'
import { reportRejected } from './refusals.ts'

/** The lowest offset of each partition that Lambda must deliver again. `partition` is the key that the event uses. */
export interface KafkaBatchResponse {
  batchItemFailures: { itemIdentifier: { partition: string; offset: number } }[]
}

/** Less than the function's timeout: what takes longer stays in Kafka, and comes again. */
const MAX_WAIT_MS = 120_000

/**
 * Consumes a topic of images. The records of a partition are processed in order. A record that cannot be accepted
 * is stored under `rejected/` (of too many, only their positions), its image (if it has one) fails, and the partition continues. If S3 is unavailable, or its
 * app sends too fast, the partition stops at that record and is retried from there, while the other partitions continue.
 */
export async function handler({ records }: MSKEvent | SelfManagedKafkaEvent): Promise<KafkaBatchResponse> {
  const waitUntil = Date.now() + MAX_WAIT_MS
  const partitions = await Promise.all(
    Object.entries(records).map(async ([partition, batch]) => ({
      partition,
      outcomes: await listRejected(await bridgePartition(batch, waitUntil)),
    })),
  )
  const outcomes = partitions.flatMap((partition) => partition.outcomes)
  countRecords(outcomes)
  await reportRejected(outcomes)
  return { batchItemFailures: partitions.flatMap(failureOf) }
}

/** Only the last record of a partition can have been deferred. */
function failureOf({ partition, outcomes }: { partition: string; outcomes: RecordOutcome[] }) {
  const last = outcomes.at(-1)
  return last?.outcome === 'deferred' ? [{ itemIdentifier: { partition, offset: last.offset } }] : []
}

/** Stops at the first deferred record; the ones after it are not read. */
async function bridgePartition(records: MSKRecord[], waitUntil: number): Promise<RecordOutcome[]> {
  const outcomes: RecordOutcome[] = []
  for (const record of records) {
    const outcome = await bridgeRecord(record, { waitUntil })
    outcomes.push(outcome)
    if (outcome.outcome === 'deferred') break
  }
  return outcomes
}
