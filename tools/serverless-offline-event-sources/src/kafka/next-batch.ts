import { payloadLimit } from '../sqs/payload.ts'
import type { AssignedPartition, FetchedRecord } from './assigned-partition.ts'

/** The event around the records. */
const ENVELOPE_BYTES = 4 * 1024

export type BatchPlan = {
  /** How many records of which partition, in order. */
  takes: [AssignedPartition, number][]
  /** Whether waiting longer would bring no more. */
  isFull: boolean
}

/** What the next event may hold of the records at hand: those partitions first that have waited longest. */
export function planBatch(partitions: AssignedPartition[], batchSize: number): BatchPlan {
  const takes: [AssignedPartition, number][] = []
  let count = 0
  let bytes = ENVELOPE_BYTES
  for (const partition of partitions.toSorted((a, b) => a.turn - b.turn)) {
    let taken = 0
    for (const { payloadBytes } of partition.records) {
      // A record too large for any event goes alone, to be discarded.
      if (count === batchSize || (count > 0 && bytes + payloadBytes > payloadLimit)) {
        return { takes: withTake(takes, partition, taken), isFull: true }
      }
      bytes += payloadBytes
      count++
      taken++
    }
    takes.push(...withTake([], partition, taken))
  }
  return { takes, isFull: count === batchSize || bytes >= payloadLimit }
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
