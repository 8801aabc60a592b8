import { Admin, Consumer, findErrorBy } from '@platformatic/kafka'
import { connectionTo } from './connection-to.ts'

interface NewTopic {
  topic: string
  partitions: number
  /** Limit for a batch of records. */
  maxBytes?: number
}

/** Creates a topic if it does not exist. */
export async function createTopic(brokers: string, { topic, partitions, maxBytes }: NewTopic): Promise<void> {
  const configs = maxBytes === undefined ? [] : [{ name: 'max.message.bytes', value: String(maxBytes) }]
  await withAdmin(brokers, async (admin) => {
    try {
      await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs })
    } catch (error) {
      if (!findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS')) throw error
    }
  })
}

/** The committed offsets of a group by partition; −1 if there is none. */
export async function committedOffsets(
  brokers: string,
  group: string,
  topic: string,
  partitions: number,
): Promise<bigint[]> {
  const consumer = new Consumer({ clientId: 'test', groupId: group, ...connectionTo(brokers) })
  const indexes = Array.from({ length: partitions }, (_, index) => index)
  const offsets = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: indexes }] })
  await consumer.close()
  return offsets.get(topic) ?? []
}

/** Like `kafka-consumer-groups --reset-offsets`. The group must have no members. */
export function resetOffsets(
  brokers: string,
  group: string,
  topic: string,
  offsets: bigint[],
): Promise<void> {
  const partitionOffsets = offsets.map((offset, partition) => ({ partition, offset }))
  return withAdmin(brokers, (admin) =>
    admin.alterConsumerGroupOffsets({ groupId: group, topics: [{ name: topic, partitionOffsets }] }),
  )
}

async function withAdmin<Result>(brokers: string, use: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new Admin({ clientId: 'test', ...connectionTo(brokers) })
  try {
    return await use(admin)
  } finally {
    await admin.close()
  }
}
