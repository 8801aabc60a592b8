import { MAX_PAYLOAD_BYTES } from '../sqs/payload.ts'
import type { AssignedPartition, FetchedRecord } from './assigned-partition.ts'

/** Size of the event without its records. */
const ENVELOPE_BYTES = 4 * 1024

export interface BatchPlan {
  /** How many records to take from each partition, in order. */
  takes: [AssignedPartition, number][]
  /** Whether no more records would fit. */
  isFull: boolean
}

/** Plans the next batch. Partitions that have waited longest come first. */
export function planBatch(partitions: AssignedPartition[], batchSize: number): BatchPlan {
  const takes: [AssignedPartition, number][] = []
  let count = 0
  let bytes = ENVELOPE_BYTES
  for (const partition of partitions.toSorted((a, b) => a.turn - b.turn)) {
    let taken = 0
    for (const { payloadBytes } of partition.records) {
      // A record that is too large for any event is taken alone and then discarded.
      if (count === batchSize || (count > 0 && bytes + payloadBytes > MAX_PAYLOAD_BYTES)) {
        return { takes: withTake(takes, partition, taken), isFull: true }
      }
      bytes += payloadBytes
      count++
      taken++
    }
    takes.push(...withTake([], partition, taken))
  }
  return { takes, isFull: count === batchSize || bytes >= MAX_PAYLOAD_BYTES }
}

function withTake(
  takes: BatchPlan['takes'],
  partition: AssignedPartition,
  taken: number,
): BatchPlan['takes'] {
  return taken === 0 ? takes : [...takes, [partition, taken]]
}

export function takeBatch({ takes }: BatchPlan, turn: number): FetchedRecord[] {
  return takes.flatMap(([partition, count]) => partition.take(count, turn))
}
