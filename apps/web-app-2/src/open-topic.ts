import { setTimeout as sleep } from 'node:timers/promises'
import { ProblemError } from '@darkroom/core'
import type { KafkaConnection } from '@darkroom/kafka-connection'
import { compatibilityPartitioner, findErrorBy, Producer, UserError } from '@platformatic/kafka'

export interface KafkaOptions extends KafkaConnection {
  topic: string
}

export interface TopicRecord {
  key: string
  headers: Record<string, string>
  value: Buffer
}

export interface Topic {
  /** Whether a broker is connected right now. */
  isConnected(): boolean
  /** Connects ahead of the first record. @throws the client's error */
  connect(): Promise<void>
  /**
   * Resolves once all in-sync replicas have the record.
   *
   * @throws ProblemError `queue-unavailable` (the record may or may not be in the topic; sending it again does
   *   no harm), `payload-too-large`
   */
  send(record: TopicRecord): Promise<void>
  close(): Promise<void>
}

/** Milliseconds after which the person hears that Kafka has not confirmed. */
const SEND_WITHIN = 15_000

/**
 * Opens a topic for writing. Idempotent, acks=all, no compression, no linger, Java's partitioner: the reasons
 * and figures are in decisions/0010.
 */
export function openTopic({ topic, ...connection }: KafkaOptions): Topic {
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: 'web-app-2',
    ...connection,
    idempotent: true,
    partitioner: compatibilityPartitioner,
    connectTimeout: 3_000,
    requestTimeout: 10_000,
    timeout: 10_000,
    retries: 2,
    retryDelay: 250,
  })
  return {
    isConnected: () => producer.isConnected(),
    connect: async () => void (await producer.initIdempotentProducer({})),
    send: async ({ key, headers, value }) => {
      const message = { topic, key: Buffer.from(key), headers: toBytes(headers), value }
      try {
        await within(SEND_WITHIN, producer.send({ messages: [message] }))
      } catch (cause) {
        throw toProblem(cause as Error)
      }
    },
    close: () => producer.close(true),
  }
}

/** Kafka's headers are bytes; text in them is UTF-8. */
function toBytes(headers: Record<string, string>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const patience = new AbortController()
  const late = sleep(milliseconds, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`No confirmation within ${milliseconds} ms.`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    late.catch(() => {})
    work.catch(() => {})
    patience.abort()
  }
}

/** The broker's verdict on the record, in words for the person who sent it. Anything else may pass. */
function toProblem(cause: Error): ProblemError {
  const says = (...ids: string[]) => ids.some((id) => findErrorBy(cause, 'apiId', id))
  // A topic that is not there is no answer of the broker's to a record, but the client's own error.
  if (findErrorBy(cause, 'code', UserError.code) || says('TOPIC_AUTHORIZATION_FAILED')) {
    return new ProblemError(
      'queue-unavailable',
      'Pictures cannot be taken until the people who run this application have mended its connection to Kafka. Yours was not taken.',
      { cause },
    )
  }
  return says('MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')
    ? new ProblemError('payload-too-large', 'The picture is larger than Kafka takes here. Send it smaller.', {
        cause,
      })
    : new ProblemError(
        'queue-unavailable',
        'Kafka did not confirm the picture. Send it again in a moment; it will not be taken twice.',
        { cause },
      )
}
