import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { afterEach, expect, test } from '@jest/globals'
import { Admin } from '@platformatic/kafka'
import { requireTopic } from './require-topic.ts'

const running: { close(): unknown }[] = []
afterEach(async () => {
  for (const part of running.splice(0)) await part.close()
})

async function startCluster(topics: Record<string, number> = {}): Promise<LocalKafka> {
  const kafka = await startLocalKafka({ topics })
  running.push({ close: () => kafka.stop() })
  return kafka
}

/** A cluster that takes connections and says nothing. */
async function startSilence(): Promise<string> {
  const sockets: Socket[] = []
  const server: Server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  running.push({
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function partitionsOf(brokers: string, topic: string): Promise<number | undefined> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [brokers] })
  try {
    const { topics } = await admin.metadata({ topics: [topic] })
    return topics.get(topic)?.partitionsCount
  } finally {
    await admin.close()
  }
}

test('creates a missing topic', async () => {
  const { brokers } = await startCluster()
  await requireTopic({ bootstrapBrokers: [brokers] }, 'images', 3)
  expect(await partitionsOf(brokers, 'images')).toBe(3)
})

test('does not change an existing topic', async () => {
  const { brokers } = await startCluster({ images: 5 })
  await requireTopic({ bootstrapBrokers: [brokers] }, 'images', 3)
  expect(await partitionsOf(brokers, 'images')).toBe(5)
})

test('can run concurrently', async () => {
  const { brokers } = await startCluster()
  const both = [1, 2].map(() => requireTopic({ bootstrapBrokers: [brokers] }, 'images', 3))
  await Promise.all(both)
  expect(await partitionsOf(brokers, 'images')).toBe(3)
})

test('names an unreachable cluster', async () => {
  const { brokers, stop } = await startLocalKafka()
  await stop()
  await expect(requireTopic({ bootstrapBrokers: [brokers] }, 'images', 3)).rejects.toThrow(
    new RegExp(`Kafka at ${brokers} cannot be used: .*ECONNREFUSED.*KAFKA_… variables`),
  )
})

test('times out if the cluster does not respond', async () => {
  const brokers = await startSilence()
  await expect(requireTopic({ bootstrapBrokers: [brokers] }, 'images', 3)).rejects.toThrow(
    `Kafka at ${brokers} cannot be used`,
  )
}, 15_000)
