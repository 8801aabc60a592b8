import { rm } from 'node:fs/promises'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { freePort } from '@darkroom/local-stack'
import { startApacheKafka } from './apache-kafka.ts'
import { createTopic } from './topics.ts'

/** Where Web App #2's images go, and with how many partitions. */
export const TOPIC = 'images.web-app-2'
export const PARTITIONS = 2

/** The bridge's consumer group on the stage `local`. */
export const GROUP = 'darkroom-local'

export interface BrokerUnderTest {
  name: string
  start(): Promise<RunningBroker>
}

export interface RunningBroker {
  /** `host:port`, several with commas; the same after `resume` */
  brokers: string
  /** Whether records and offsets outlast `suspend`. */
  keepsRecords: boolean
  /** A topic that takes records of at most so many bytes. */
  smallTopic(maxBytes: number): Promise<{ brokers: string; topic: string }>
  suspend(): Promise<void>
  resume(): Promise<void>
  /** Ends it for good, with all that it wrote. */
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
      // Its limit is one for all topics, so a small one is a broker of its own.
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

/** A cluster that is not ours to stop; what the tests write stays in it. */
function clusterAt(brokers: string): BrokerUnderTest {
  const notOurs = async () => {
    throw new Error(`The cluster at ${brokers} is not ours to stop.`)
  }
  return {
    name: `the cluster at ${brokers}`,
    async start() {
      await createTopic(brokers, { topic: TOPIC, partitions: PARTITIONS })
      return {
        brokers,
        keepsRecords: true,
        smallTopic: (maxBytes) => smallTopicOf(brokers, maxBytes),
        suspend: notOurs,
        resume: notOurs,
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

/** Whether the brokers may be stopped and started again. */
export const canRestart = !process.env.KAFKA_BROKERS

/** The cluster that was given, or one that is started. */
export const realBroker = process.env.KAFKA_BROKERS ? clusterAt(process.env.KAFKA_BROKERS) : apacheKafka
