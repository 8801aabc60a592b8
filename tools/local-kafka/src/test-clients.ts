import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { Consumer, type Message, Producer } from '@platformatic/kafka'

const require = createRequire(import.meta.url)
const librdkafka = require.resolve('kafka-crab-js')

/**
 * Runs librdkafka in its own process, because it cannot close its connections. `program` can use `producer(settings)`
 * and `consumer(groupId, topic)`, and passes its result to `answer`.
 */
export async function withLibrdkafka(brokers: string, program: string): Promise<unknown> {
  const source = `
    import crab from ${JSON.stringify(librdkafka)}
    const brokers = ${JSON.stringify(brokers)}
    const client = new crab.KafkaClient({ brokers, clientId: 'librdkafka', diagnostics: false, logLevel: 'error' })
    const producer = (configuration) => client.createProducer({ configuration })
    const consumer = async (groupId, topic, settings) => {
      const configuration = { 'auto.offset.reset': 'earliest', ...settings }
      const created = client.createConsumer({ groupId, enableAutoCommit: false, configuration })
      await created.subscribe(topic)
      return created
    }
    const answer = (value) => {
      console.log(JSON.stringify(value))
      process.exit()
    }
    ${program}`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: import.meta.dirname,
  })
  return JSON.parse(stdout)
}

export function platformaticProducer(brokers: string, options = {}): Producer {
  return new Producer({
    clientId: 'platformatic',
    bootstrapBrokers: [brokers],
    retries: 0,
    idempotent: true,
    ...options,
  })
}

export async function platformaticConsumer(brokers: string, groupId: string, topic: string) {
  const consumer = new Consumer({
    clientId: 'platformatic',
    groupId,
    bootstrapBrokers: [brokers],
    retries: 0,
    heartbeatInterval: 100,
    sessionTimeout: 6_000,
    rebalanceTimeout: 6_000,
    maxWaitTime: 200,
  })
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: false,
  })
  const messages = stream[Symbol.asyncIterator]()
  const next = async (): Promise<Message> => {
    const { value, done } = await messages.next()
    if (done || !value) throw new Error('the stream has ended')
    return value
  }
  return {
    consumer,
    stream,
    next,
    partitions: (): number[] => (consumer.assignments ?? []).flatMap(({ partitions }) => partitions),
    close: () => consumer.close(true),
  }
}
