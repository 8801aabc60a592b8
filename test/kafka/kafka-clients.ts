import {
  Consumer,
  type Message,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
} from '@platformatic/kafka'
import { KafkaClient } from 'kafka-crab-js'
import { connectionTo, librdkafkaSettings } from './connection-to.ts'

export type Codec = 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface TestRecord {
  key: string
  value: Buffer
  headers: Record<string, string>
}

interface Production {
  brokers: string
  topic: string
  records: TestRecord[]
  codec?: Codec
}

interface Consumption {
  brokers: string
  topic: string
  group: string
  count: number
}

/** The same operations for each client. */
interface TestClient {
  codecs: readonly Codec[]
  /** Waits until the broker has stored all records. */
  produce(production: Production): Promise<void>
  /** Joins the group, reads and commits `count` records, and leaves. */
  consume(consumption: Consumption): Promise<TestRecord[]>
}

/** The largest message that the tests send, with room for its headers. */
const MAX_BYTES = 12_000_000

/** A broker that was started again does not know at once that it coordinates the group. */
const RETRIES = 60

/** Logging is off, because it logs every lost connection, even of disconnected consumers. */
function crabClient(brokers: string) {
  return new KafkaClient({ brokers, logLevel: 'off', configuration: librdkafkaSettings(brokers) })
}

const crab: TestClient = {
  // Its librdkafka is built without zstd.
  codecs: ['gzip', 'snappy', 'lz4'],

  async produce({ brokers, topic, records, codec }) {
    const configuration = {
      'compression.type': codec ?? 'none',
      'message.max.bytes': MAX_BYTES,
      'enable.idempotence': true,
    }
    const producer = crabClient(brokers).createProducer({ configuration })
    await producer.send({
      topic,
      messages: records.map(({ key, value, headers }) => ({
        key: Buffer.from(key),
        payload: value,
        headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
      })),
    })
  },

  async consume({ brokers, topic, group, count }) {
    const consumer = crabClient(brokers).createConsumer({
      groupId: group,
      enableAutoCommit: false,
      // `disconnect` does not leave the group (5.0.0; only garbage collection does), so the next member waits until this
      // session expires. Brokers allow at least 6 s.
      configuration: { 'auto.offset.reset': 'earliest', 'session.timeout.ms': 6_000 },
    })
    await consumer.subscribe(topic)
    const records: TestRecord[] = []
    while (records.length < count) {
      const message = await consumer.recv()
      if (message === null) break
      await consumer.commitMessage(message, 'Sync')
      records.push({
        key: String(message.key),
        value: message.payload,
        headers: Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, bytes]) => [name, String(bytes)]),
        ),
      })
    }
    await consumer.disconnect()
    return records
  },
}

const platformatic: TestClient = {
  codecs: ['gzip', 'snappy', 'lz4', 'zstd'],

  async produce({ brokers, topic, records, codec }) {
    const producer = new Producer({
      clientId: 'test',
      ...connectionTo(brokers),
      compression: codec ?? 'none',
      // Otherwise records can be stored twice: if one partition of a new topic has no leader yet, the request is sent again
      // for all partitions.
      idempotent: true,
    })
    const messages = records.map(({ key, value, headers }) => ({
      topic,
      key: Buffer.from(key),
      value,
      headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    }))
    await producer.send({ messages })
    await producer.close()
  },

  async consume({ brokers, topic, group, count }) {
    const consumer = new Consumer({
      clientId: 'test',
      groupId: group,
      retries: RETRIES,
      ...connectionTo(brokers),
    })
    const stream = await consumer.consume({
      topics: [topic],
      autocommit: false,
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    })
    const records: TestRecord[] = []
    for await (const message of stream as AsyncIterable<Message>) {
      await message.commit()
      records.push({
        key: String(message.key),
        value: message.value,
        headers: Object.fromEntries(
          [...message.headers].map(([name, bytes]) => [String(name), String(bytes)]),
        ),
      })
      if (records.length === count) break
    }
    await consumer.close(true)
    return records
  },
}

export const clients = { 'kafka-crab-js': crab, '@platformatic/kafka': platformatic }
