import type { PartitionLog } from '../log/partition-log.ts'
import { attempt } from '../wire/error-codes.ts'
import { array, int8, int16, int32, int64, since, string, struct } from '../wire/types.ts'
import { defineApi } from './api.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3

/** Returns the first or last offset, or that of a timestamp, with the precision of a batch. */
export const listOffsets = defineApi({
  key: 2,
  versions: [1, 7],
  flexibleSince: 6,
  request: struct({
    replicaId: int32,
    isolationLevel: since(2, int8, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({ index: int32, currentLeaderEpoch: since(4, int32, -1), timestamp: int64 }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(2, int32, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            index: int32,
            errorCode: int16,
            timestamp: int64,
            offset: int64,
            leaderEpoch: since(4, int32, -1),
          }),
        ),
      }),
    ),
  }),
  handle({ topics }, { broker }) {
    const answered = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, timestamp }) => {
        const found = attempt(() => find(broker.topics.partition(broker.topics.find(name), index), timestamp))
        const { offset, timestamp: time } = found.result ?? { offset: -1, timestamp: -1 }
        return {
          index,
          errorCode: found.errorCode,
          timestamp: time,
          offset,
          leaderEpoch: offset < 0 ? -1 : 0,
        }
      }),
    }))
    return { throttleTimeMs: 0, topics: answered }
  },
})

function find(log: PartitionLog, timestamp: number): { offset: number; timestamp: number } {
  if (timestamp === LATEST) return { offset: log.endOffset, timestamp: -1 }
  if (timestamp === EARLIEST) return { offset: log.startOffset, timestamp: -1 }
  if (timestamp === MAX_TIMESTAMP) {
    return { offset: log.latest?.lastOffset ?? -1, timestamp: log.latest?.maxTimestamp ?? -1 }
  }
  const batch = log.findByTimestamp(timestamp)
  return { offset: batch?.baseOffset ?? -1, timestamp: batch?.maxTimestamp ?? -1 }
}
