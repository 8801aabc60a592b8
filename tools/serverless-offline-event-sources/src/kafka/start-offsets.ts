import type { Consumer } from '@platformatic/kafka'
import type { KafkaMapping, StartingPosition } from './kafka-mapping.ts'

const LATEST = -1n
const EARLIEST = -2n

/** Where to begin with each partition: where the group has been, or else at the starting position. */
export async function startOffsets(
  consumer: Consumer,
  { topic, startingPosition }: KafkaMapping,
  partitions: number[],
  { ignoresCommitted = false } = {},
): Promise<Map<number, number>> {
  const offsets = new Map<number, number>()
  if (partitions.length === 0) return offsets
  const committed = ignoresCommitted ? [] : await committedOffsets(consumer, topic, partitions)
  for (const index of partitions) {
    const offset = committed[index] ?? -1n
    if (offset >= 0n) offsets.set(index, Number(offset))
  }
  const rest = partitions.filter((index) => !offsets.has(index))
  for (const [index, offset] of await positions(consumer, topic, rest, startingPosition)) {
    offsets.set(index, Number(offset))
    // Kept, so that LATEST is not later the next time.
    await consumer.commit({ offsets: [{ topic, partition: index, offset, leaderEpoch: -1 }] })
  }
  return offsets
}

async function committedOffsets(consumer: Consumer, topic: string, partitions: number[]): Promise<bigint[]> {
  const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions }] })
  return committed.get(topic) ?? []
}

async function positions(
  consumer: Consumer,
  topic: string,
  partitions: number[],
  position: StartingPosition,
): Promise<[number, bigint][]> {
  if (partitions.length === 0) return []
  const list = async (timestamp: bigint) => {
    const found = await consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: partitions },
      timestamp,
    })
    return found.get(topic) ?? []
  }
  if (position === 'LATEST' || position === 'TRIM_HORIZON') {
    const found = await list(position === 'LATEST' ? LATEST : EARLIEST)
    return partitions.map((index) => [index, found[index] ?? 0n])
  }
  const [found, ends] = await Promise.all([list(BigInt(position.timestamp)), list(LATEST)])
  // Nothing that late yet: whatever comes is.
  return partitions.map((index) => [index, atLeastZero(found[index]) ?? ends[index] ?? 0n])
}

function atLeastZero(offset: bigint | undefined): bigint | undefined {
  return offset === undefined || offset < 0n ? undefined : offset
}
