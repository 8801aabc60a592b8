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
   * Resolves once all in-sync replicas have stored the record.
   *
   * @throws ProblemError `storage-unavailable` (the record may or may not be in the topic; sending it again is
   *   safe), `payload-too-large`
   */
  send(record: TopicRecord): Promise<void>
  close(): Promise<void>
}

/** How long to wait for Kafka's confirmation before the request fails. */
const SEND_TIMEOUT_MS = 15_000

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
        await withTimeout(SEND_TIMEOUT_MS, producer.send({ messages: [message] }))
      } catch (cause) {
        throw toProblem(cause as Error)
      }
    },
    close: () => producer.close(true),
  }
}

/** Kafka headers are bytes; text in them is UTF-8. */
function toBytes(headers: Record<string, string>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]))
}

async function withTimeout<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const timeout = sleep(milliseconds, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`No confirmation within ${milliseconds} ms.`)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    timeout.catch(() => {})
    work.catch(() => {})
    timer.abort()
  }
}

/** Translates Kafka's errors for the person who sent the picture. All other errors are retryable. */
function toProblem(cause: Error): ProblemError {
  const hasCode = (...ids: string[]) => ids.some((id) => findErrorBy(cause, 'apiId', id))
  // For a topic that does not exist, the client throws its own error before it sends the record.
  if (findErrorBy(cause, 'code', UserError.code) || hasCode('TOPIC_AUTHORIZATION_FAILED')) {
    return new ProblemError(
      'storage-unavailable',
      'Your picture was not accepted, because this application is misconfigured. Its operator has to fix it.',
      { cause },
    )
  }
  return hasCode('MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')
    ? new ProblemError(
        'payload-too-large',
        'The picture is larger than this application can take. Send a smaller one.',
        {
          cause,
        },
      )
    : new ProblemError(
        'storage-unavailable',
        'The picture was not confirmed. Send it again in a moment; it will not be stored twice.',
        { cause },
      )
}
