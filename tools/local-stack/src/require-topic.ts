import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConnection } from '@darkroom/kafka-connection'
import { Admin, findErrorBy } from '@platformatic/kafka'

const TIMEOUT_MS = 8_000

/** Uses the cluster's default. */
const DEFAULT_REPLICAS = -1

/** Timestamps of records are the broker's, so that no producer's clock decides them: decisions/0028-kafka-times.md. */
const BROKER_TIMES = { name: 'message.timestamp.type', value: 'LogAppendTime' }

/**
 * Creates a topic in an external cluster if it does not exist, with the cluster's default number of replicas.
 *
 * @throws Error if the cluster does not respond in time or denies access
 */
export async function requireTopic(
  connection: KafkaConnection,
  topic: string,
  partitions: number,
): Promise<void> {
  const admin = new Admin({
    ...connection,
    clientId: 'darkroom-local-stack',
    connectTimeout: 3_000,
    requestTimeout: 5_000,
    retries: 1,
    retryDelay: 200,
  })
  const brokers = connection.bootstrapBrokers.join(',')
  try {
    await withTimeout(createIfMissing(admin, topic, partitions))
  } catch (cause) {
    throw new Error(explain(cause as Error, brokers, topic), { cause })
  } finally {
    await admin.close()
  }
}

async function createIfMissing(admin: Admin, topic: string, partitions: number): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return
  try {
    await admin.createTopics({
      topics: [topic],
      partitions,
      replicas: DEFAULT_REPLICAS,
      configs: [BROKER_TIMES],
    })
  } catch (error) {
    // Created by another process in the meantime.
    if (!findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS')) throw error
  }
}

async function withTimeout(work: Promise<void>): Promise<void> {
  const timer = new AbortController()
  const late = sleep(TIMEOUT_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no response within ${TIMEOUT_MS / 1000} s`)
  })
  try {
    await Promise.race([work, late])
  } finally {
    for (const other of [work, late]) other.catch(() => {})
    timer.abort()
  }
}

function explain(cause: Error, brokers: string, topic: string): string {
  const forbidden = ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'].some((id) =>
    findErrorBy(cause, 'apiId', id),
  )
  return forbidden
    ? `Kafka at ${brokers} does not allow this user to create the topic ${topic}. Create it there, or ask an administrator.`
    : `Kafka at ${brokers} cannot be used: ${reasons(cause)}. Check the KAFKA_… variables.`
}

/** Collects the innermost messages, because the client's outer errors are generic. */
function reasons(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors : error.cause ? [error.cause] : []
  const deeper = inner.map((one) => reasons(one as Error))
  return deeper.length > 0 ? [...new Set(deeper)].join('; ') : error.message.replace(/\.$/, '')
}
