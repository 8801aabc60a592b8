import type { Consumer } from '@platformatic/kafka'
import type { KafkaMapping, StartingPosition } from './mapping.ts'

const LATEST = -1n
const EARLIEST = -2n

/** The first offset of each partition: the group's committed offset, or else the starting position. */
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
    // Committed at once, so that LATEST means the first start and not a later one.
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
  // If there are no records that recent yet, start at the end.
  return partitions.map((index) => [index, atLeastZero(found[index]) ?? ends[index] ?? 0n])
}

function atLeastZero(offset: bigint | undefined): bigint | undefined {
  return offset === undefined || offset < 0n ? undefined : offset
}
