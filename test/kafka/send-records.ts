import { Producer } from '@platformatic/kafka'
import { connectionTo } from './connection-to.ts'
import type { TopicRecord } from './image-records.ts'
import type { Codec } from './kafka-clients.ts'

interface Delivery {
  brokers: string
  topic: string
  records: TopicRecord[]
  codec?: Codec | 'none'
}

/** The position of the first record in each partition. */
type Positions = { partition: number; offset: bigint }[]

/** Sends one batch per partition, and waits until the broker has stored all. @throws the client's error */
export async function sendRecords({ brokers, topic, records, codec = 'none' }: Delivery): Promise<Positions> {
  const producer = new Producer({
    clientId: 'end-to-end',
    ...connectionTo(brokers),
    compression: codec,
    idempotent: true,
    retries: 2,
  })
  try {
    const { offsets = [] } = await producer.send({
      messages: records.map((record) => toMessage(topic, record)),
    })
    return offsets
  } finally {
    await producer.close()
  }
}

function toMessage(topic: string, { key, partition, headers = {}, value }: TopicRecord) {
  return {
    topic,
    ...(key !== undefined && { key: Buffer.from(key) }),
    ...(partition !== undefined && { partition }),
    // Null is a tombstone. The client supports it, but its types do not.
    value: value as Buffer,
    headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
  }
}
