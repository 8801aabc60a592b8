import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConnection } from '@darkroom/kafka-connection'
import { Admin, findErrorBy } from '@platformatic/kafka'

/** Milliseconds that a cluster has to answer. */
const ANSWERS_WITHIN = 8_000

/** By the cluster's own choice. */
const DEFAULT = -1

/**
 * Makes sure that a cluster which is not ours has the topic: makes it, with as many replicas as the cluster thinks
 * right, if it is missing.
 *
 * @throws Error if the cluster does not answer in time or does not let us
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
    await withinPatience(createIfMissing(admin, topic, partitions))
  } catch (cause) {
    throw new Error(explain(cause as Error, brokers, topic), { cause })
  } finally {
    await admin.close()
  }
}

async function createIfMissing(admin: Admin, topic: string, partitions: number): Promise<void> {
  if ((await admin.listTopics()).includes(topic)) return
  try {
    await admin.createTopics({ topics: [topic], partitions, replicas: DEFAULT })
  } catch (error) {
    // Somebody else was faster.
    if (!findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS')) throw error
  }
}

async function withinPatience(work: Promise<void>): Promise<void> {
  const patience = new AbortController()
  const late = sleep(ANSWERS_WITHIN, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`no answer within ${ANSWERS_WITHIN / 1000} s`)
  })
  try {
    await Promise.race([work, late])
  } finally {
    for (const other of [work, late]) other.catch(() => {})
    patience.abort()
  }
}

function explain(cause: Error, brokers: string, topic: string): string {
  const forbidden = ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'].some((id) =>
    findErrorBy(cause, 'apiId', id),
  )
  return forbidden
    ? `Kafka at ${brokers} does not let this user make the topic ${topic}. Make it there, or have it made.`
    : `Kafka at ${brokers} cannot be used: ${reasons(cause)}. Look at the KAFKA_… variables.`
}

/** The client's outer errors say only that something failed. */
function reasons(error: Error): string {
  const inner = error instanceof AggregateError ? error.errors : error.cause ? [error.cause] : []
  const deeper = inner.map((one) => reasons(one as Error))
  return deeper.length > 0 ? [...new Set(deeper)].join('; ') : error.message.replace(/\.$/, '')
}
