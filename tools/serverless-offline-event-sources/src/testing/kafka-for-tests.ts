import { Admin, Consumer, Producer } from '@platformatic/kafka'

interface Send {
  partition?: number
  key?: string
  value?: Buffer | string | null
  headers?: [string, Buffer][]
  timestamp?: number
}

/** A Kafka client for tests: sends records, creates topics and reads committed offsets. */
export function kafkaClient(brokers: string) {
  const options = { clientId: 'test', bootstrapBrokers: [brokers], retries: 0 }
  const producer = new Producer(options)

  const send = async (topic: string, ...messages: Send[]): Promise<void> => {
    await producer.send({
      acks: -1,
      messages: messages.map(({ partition = 0, key, value, headers = [], timestamp }) => ({
        topic,
        partition,
        ...(key !== undefined && { key: Buffer.from(key) }),
        value: value === null ? (null as unknown as Buffer) : Buffer.from(value ?? ''),
        headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), bytes])),
        ...(timestamp !== undefined && { timestamp: BigInt(timestamp) }),
      })),
    })
  }

  /** −1 if nothing is committed. */
  const committed = async (groupId: string, topic: string, partitions: number[]): Promise<number[]> => {
    const consumer = new Consumer({ ...options, groupId })
    const offsets = await consumer.listCommittedOffsets({ topics: [{ topic, partitions }] })
    await consumer.close()
    return (offsets.get(topic) ?? []).map(Number)
  }

  const createTopic = async (name: string, partitions: number): Promise<void> => {
    const admin = new Admin(options)
    await admin.createTopics({ topics: [name], partitions, replicas: 1 })
    await admin.close()
  }

  return { send, committed, createTopic, close: () => producer.close() }
}
