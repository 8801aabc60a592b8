import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Admin, Producer } from '@platformatic/kafka'
import { type ApacheKafka, startApacheKafka } from './apache-kafka.ts'
import { logDir } from './broker-properties.ts'
import { type Codec, clients, type TestRecord } from './kafka-clients.ts'

const MB = 1_000_000

let kafka: ApacheKafka

beforeAll(async () => {
  kafka = await startApacheKafka()
})

afterAll(async () => {
  await kafka.stop()
  await rm(kafka.dataDir, { recursive: true })
})

async function withAdmin<Result>(use: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.brokers] })
  try {
    return await use(admin)
  } finally {
    await admin.close()
  }
}

/** Creates a topic with two partitions for one test. */
async function newTopic(): Promise<string> {
  const topic = `test-${randomUUID()}`
  await withAdmin((admin) => admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 }))
  return topic
}

function recordsOf(count: number): TestRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${index}`,
    value: randomBytes(100),
    headers: { ce_id: `id-${index}` },
  }))
}

/** Sorted, with digests instead of values, so that differences are readable. */
function summary(records: TestRecord[]) {
  return records
    .map(({ value, ...record }) => ({ ...record, sha256: createHash('sha256').update(value).digest('hex') }))
    .toSorted((one, other) => one.key.localeCompare(other.key))
}

/** The first log segment of each partition, as stored on disk. */
async function segmentsOf(topic: string): Promise<Buffer[]> {
  const folders = (await readdir(logDir(kafka.dataDir))).filter((name) => name.startsWith(topic))
  const file = '00000000000000000000.log'
  return Promise.all(folders.map((folder) => readFile(join(logDir(kafka.dataDir), folder, file))))
}

const names = Object.keys(clients) as (keyof typeof clients)[]
const pairs = names.flatMap((from) => names.map((to) => ({ from, to })))

test('creates topics only explicitly', async () => {
  const topic = await newTopic()
  const unknown = `unknown-${randomUUID()}`
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: [kafka.brokers],
    autocreateTopics: true,
    retries: 0,
  })
  const messages = [{ topic: unknown, value: Buffer.from('to nowhere') }]
  await expect(producer.send({ messages })).rejects.toThrow()
  await producer.close()
  const topics = await withAdmin((admin) => admin.listTopics())
  expect(topics).toContain(topic)
  expect(topics).not.toContain(unknown)
})

describe.each(pairs)('from $from to $to', ({ from, to }) => {
  test('keys, values and headers arrive over both partitions', async () => {
    const topic = await newTopic()
    const sent = recordsOf(20)
    await clients[from].produce({ brokers: kafka.brokers, topic, records: sent })
    const read = await clients[to].consume({
      brokers: kafka.brokers,
      topic,
      group: randomUUID(),
      count: 20,
    })
    expect(summary(read)).toEqual(summary(sent))
    expect((await segmentsOf(topic)).map((segment) => segment.length > 0)).toEqual([true, true])
  })

  test.each([3, 8])('an image of %d MB arrives complete', async (megabytes) => {
    const topic = await newTopic()
    const [image] = recordsOf(1).map((record) => ({ ...record, value: randomBytes(megabytes * MB) }))
    await clients[from].produce({ brokers: kafka.brokers, topic, records: image ? [image] : [] })
    const [read] = await clients[to].consume({
      brokers: kafka.brokers,
      topic,
      group: randomUUID(),
      count: 1,
    })
    expect(read?.value.equals(image?.value ?? Buffer.alloc(0))).toBe(true)
  })
})

/** Bits 0 to 2 of a record batch's attributes, an int16 at byte 21. */
const CODEC_NUMBERS: Record<Codec, number> = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

const exchanges = pairs.flatMap(({ from, to }) =>
  clients[from].codecs
    .filter((codec) => clients[to].codecs.includes(codec))
    .map((codec) => ({ codec, from, to })),
)

test.each(exchanges)('a batch compressed with $codec goes from $from to $to', async ({ codec, from, to }) => {
  const topic = await newTopic()
  const sent = recordsOf(20).map((record) => ({ ...record, value: Buffer.alloc(10_000, record.key) }))
  await clients[from].produce({ brokers: kafka.brokers, topic, records: sent, codec })
  const stored = (await segmentsOf(topic)).filter((segment) => segment.length > 0)
  expect(stored.map((segment) => segment.readInt16BE(21) & 7)).toEqual(stored.map(() => CODEC_NUMBERS[codec]))
  const read = await clients[to].consume({ brokers: kafka.brokers, topic, group: randomUUID(), count: 20 })
  expect(summary(read)).toEqual(summary(sent))
})

describe.each(names)('a consumer group with %s', (name) => {
  const { produce, consume } = clients[name]

  test('continues after its committed offsets', async () => {
    const topic = await newTopic()
    const sent = recordsOf(10)
    await produce({ brokers: kafka.brokers, topic, records: sent })
    const group = randomUUID()
    const first = await consume({ brokers: kafka.brokers, topic, group, count: 4 })
    const rest = await consume({ brokers: kafka.brokers, topic, group, count: 6 })
    expect(summary([...first, ...rest])).toEqual(summary(sent))
  })

  test.each(['stop', 'kill'] as const)('finds its topic and its offsets after %s', async (end) => {
    const topic = await newTopic()
    const sent = recordsOf(10)
    await produce({ brokers: kafka.brokers, topic, records: sent })
    const group = randomUUID()
    const before = await consume({ brokers: kafka.brokers, topic, group, count: 4 })

    const { brokers, dataDir } = kafka
    await kafka[end]()
    kafka = await startApacheKafka({ port: Number(brokers.split(':')[1]), dataDir })
    expect(kafka.brokers).toBe(brokers)

    const after = await consume({ brokers, topic, group, count: 6 })
    expect(summary([...before, ...after])).toEqual(summary(sent))
  })
})

test('fails to start with the reason', async () => {
  const port = Number(kafka.brokers.split(':')[1])
  await expect(startApacheKafka({ port })).rejects.toThrow(/Address already in use|already allocated/)
})
