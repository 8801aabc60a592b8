import { rm } from 'node:fs/promises'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { freePort } from '@darkroom/local-stack'
import { startApacheKafka } from './apache-kafka.ts'
import { createTopic } from './topics.ts'

/** Web App #2's topic and its number of partitions. */
export const TOPIC = 'images.web-app-2'
export const PARTITIONS = 2

/** The bridge's consumer group on stage `local`. */
export const GROUP = 'darkroom-local'

export interface BrokerUnderTest {
  name: string
  start(): Promise<RunningBroker>
}

export interface RunningBroker {
  /** `host:port`, comma-separated. Unchanged after `resume`. */
  brokers: string
  /** Whether records and offsets are kept over `suspend`. */
  keepsRecords: boolean
  /** Creates a topic with a limit for the size of records. */
  smallTopic(maxBytes: number): Promise<{ brokers: string; topic: string }>
  suspend(): Promise<void>
  resume(): Promise<void>
  /** Stops it and deletes its data. */
  stop(): Promise<void>
}

const apacheKafka: BrokerUnderTest = {
  name: 'Apache Kafka',
  async start() {
    let kafka = await startApacheKafka()
    const { brokers, dataDir } = kafka
    await createTopic(brokers, { topic: TOPIC, partitions: PARTITIONS })
    return {
      brokers,
      keepsRecords: true,
      smallTopic: (maxBytes) => smallTopicOf(brokers, maxBytes),
      suspend: () => kafka.stop(),
      resume: async () => {
        kafka = await startApacheKafka({ port: Number(brokers.split(':')[1]), dataDir })
      },
      stop: async () => {
        await kafka.stop()
        await rm(dataDir, { recursive: true })
      },
    }
  },
}

export const embeddedBroker: BrokerUnderTest = {
  name: 'the embedded broker',
  async start() {
    const port = await freePort()
    const start = () => startLocalKafka({ port, topics: { [TOPIC]: PARTITIONS } })
    let kafka = await start()
    const others: LocalKafka[] = []
    return {
      brokers: kafka.brokers,
      keepsRecords: false,
      // Its limit applies to all topics, so this needs a separate broker.
      smallTopic: async (maxBytes) => {
        const small = await startLocalKafka({ maxMessageBytes: maxBytes, topics: { small: 1 } })
        others.push(small)
        return { brokers: small.brokers, topic: 'small' }
      },
      suspend: () => kafka.stop(),
      resume: async () => {
        kafka = await start()
      },
      stop: async () => void (await Promise.all([kafka, ...others].map((broker) => broker.stop()))),
    }
  },
}

/** An existing cluster, which the tests do not stop. What they write stays in it. */
function clusterAt(brokers: string): BrokerUnderTest {
  const refuse = async () => {
    throw new Error(`Tests cannot stop the cluster at ${brokers}.`)
  }
  return {
    name: `the cluster at ${brokers}`,
    async start() {
      await createTopic(brokers, { topic: TOPIC, partitions: PARTITIONS })
      return {
        brokers,
        keepsRecords: true,
        smallTopic: (maxBytes) => smallTopicOf(brokers, maxBytes),
        suspend: refuse,
        resume: refuse,
        stop: async () => {},
      }
    },
  }
}

async function smallTopicOf(brokers: string, maxBytes: number) {
  const topic = `small-${Date.now()}`
  await createTopic(brokers, { topic, partitions: 1, maxBytes })
  return { brokers, topic }
}

/** Whether the brokers can be stopped and started again. */
export const canRestart = !process.env.KAFKA_BROKERS

/** The cluster in KAFKA_BROKERS, or a new broker. */
export const realBroker = process.env.KAFKA_BROKERS ? clusterAt(process.env.KAFKA_BROKERS) : apacheKafka
