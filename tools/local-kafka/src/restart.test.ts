import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Admin } from '@platformatic/kafka'
import { type LocalKafkaOptions, startLocalKafka } from './start-local-kafka.ts'
import { platformaticConsumer, platformaticProducer } from './test-clients.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'local-kafka-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const start = (options: LocalKafkaOptions = {}) =>
  startLocalKafka({ dataDir, topics: { images: 1 }, ...options })

async function send(brokers: string, values: Buffer[]): Promise<number[]> {
  const producer = platformaticProducer(brokers)
  const offsets: number[] = []
  for (const value of values) {
    const sent = await producer.send({ messages: [{ topic: 'images', value }], acks: -1 })
    offsets.push(Number(sent.offsets?.[0]?.offset))
  }
  await producer.close()
  return offsets
}

async function readValues(brokers: string, count: number): Promise<string[]> {
  const { next, close } = await platformaticConsumer(brokers, 'reader', 'images')
  const values: string[] = []
  while (values.length < count) values.push(String((await next()).value))
  await close()
  return values
}

const texts = (...values: string[]) => values.map((value) => Buffer.from(value))
const segments = () => readdirSync(join(dataDir, 'images-0'))

/** A broker in a process of its own, which a test can kill. */
async function spawnBroker() {
  const program = `
    import { startLocalKafka } from ${JSON.stringify(new URL('start-local-kafka.ts', import.meta.url).href)}
    const kafka = await startLocalKafka({ dataDir: ${JSON.stringify(dataDir)}, topics: { images: 1 } })
    console.log(kafka.brokers)`
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [brokers] = await once(createInterface(child.stdout), 'line')
  const exited = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { brokers: String(brokers), kill, exited }
}

test('records and committed offsets survive kill -9', async () => {
  const killed = await spawnBroker()
  await send(killed.brokers, texts('a', 'b'))
  const consumer = await platformaticConsumer(killed.brokers, 'group', 'images')
  await (await consumer.next()).commit()
  await consumer.close()
  await send(killed.brokers, texts('c'))
  await killed.kill()

  const kafka = await start()
  const resumed = await platformaticConsumer(kafka.brokers, 'group', 'images')
  expect([String((await resumed.next()).value), String((await resumed.next()).value)]).toEqual(['b', 'c'])
  await resumed.close()
  expect(await send(kafka.brokers, texts('d'))).toEqual([3])
  await kafka.stop()
})

test('every record that was acknowledged before kill -9 is there', async () => {
  const killed = await spawnBroker()
  const acknowledged: string[] = []
  const producer = platformaticProducer(killed.brokers)
  const sendForever = async () => {
    for (let i = 0; ; i++) {
      const value = `${i}:`.padEnd(50_000, 'x')
      await producer.send({ messages: [{ topic: 'images', value: Buffer.from(value) }], acks: -1 })
      acknowledged.push(value)
      if (i === 40) void killed.kill()
    }
  }
  await Promise.race([sendForever().catch(() => {}), killed.exited])
  const count = acknowledged.length
  await producer.close(true).catch(() => {})

  const kafka = await start()
  expect(await readValues(kafka.brokers, count)).toEqual(acknowledged.slice(0, count))
  await kafka.stop()
})

test('topics keep their ids, partitions and timestamp type, and producer ids are not issued again', async () => {
  const describeTopic = async (brokers: string) => {
    const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [brokers], retries: 0 })
    const { id, topics } = await admin.metadata({ topics: ['wide'] })
    await admin.close()
    return { cluster: id, topic: topics.get('wide')?.id, partitions: topics.get('wide')?.partitionsCount }
  }
  const producerId = async (brokers: string) => {
    const producer = platformaticProducer(brokers)
    const { producerId: id } = await producer.initIdempotentProducer({})
    await producer.close()
    return id
  }
  const first = await start({ topics: { wide: 3 }, timestampType: 'LogAppendTime' })
  const before = await describeTopic(first.brokers)
  const firstId = await producerId(first.brokers)
  await first.stop()

  const second = await start({ topics: { wide: 5 } })
  expect(await describeTopic(second.brokers)).toEqual(before)
  expect(before.partitions).toBe(3)
  expect(await producerId(second.brokers)).not.toBe(firstId)
  await second.stop()
})

test('a connected producer continues after a restart', async () => {
  const port = await start().then(async (kafka) => {
    await kafka.stop()
    return kafka.port
  })
  const first = await start({ port })
  const producer = platformaticProducer(first.brokers, { retries: 20, retryDelay: 50 })
  const sendOne = (text: string) =>
    producer.send({ messages: [{ topic: 'images', value: Buffer.from(text) }], acks: -1 })
  await sendOne('a')
  await first.stop()
  const second = await start({ port })
  await sendOne('b')
  await producer.close()
  expect(await readValues(second.brokers, 2)).toEqual(['a', 'b'])
  await second.stop()
})

describe('a damaged end', () => {
  const problems: string[] = []
  const restart = () => {
    problems.length = 0
    return start({ onProblem: (message) => problems.push(message) })
  }
  const segment = () => join(dataDir, 'images-0', segments()[0] ?? '')

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['half a header', (bytes) => bytes.subarray(0, 30)],
    ['half a batch', (bytes) => bytes.subarray(0, -3)],
    ['zeros', (bytes) => Buffer.alloc(bytes.length)],
    ['a batch with a changed byte', (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([255])])],
  ])('of %s is cut off, reported in one line, and followed by new records', async (_, damage) => {
    const first = await start()
    await send(first.brokers, texts('a'))
    const one = readFileSync(segment())
    await send(first.brokers, texts('b'))
    const last = readFileSync(segment()).subarray(one.length)
    await first.stop()
    writeFileSync(segment(), one)
    appendFileSync(segment(), damage(last))

    const kafka = await restart()
    expect(problems).toEqual([
      `Kafka cut off an unfinished or damaged batch in ${segment()}: its last ${damage(last).length} bytes.`,
    ])
    expect(await send(kafka.brokers, texts('c'))).toEqual([1])
    await kafka.stop()
    const again = await restart()
    expect(problems).toEqual([])
    expect(await readValues(again.brokers, 2)).toEqual(['a', 'c'])
    await again.stop()
  })
})

test('segments whose records are all over retentionBytes are deleted, also after a restart', async () => {
  const retentionBytes = 6_000
  const sendLarge = (brokers: string, count: number) =>
    send(
      brokers,
      Array.from({ length: count }, () => Buffer.alloc(4_000)),
    )
  const first = await start({ retentionBytes })
  await sendLarge(first.brokers, 6)
  await first.stop()
  expect(segments()).toEqual(['00000000000000000005.log'])

  const second = await start({ retentionBytes })
  expect(await sendLarge(second.brokers, 5)).toEqual([6, 7, 8, 9, 10])
  expect(segments()).toEqual(['00000000000000000010.log'])
  const { next, close } = await platformaticConsumer(second.brokers, 'any', 'images')
  expect((await next()).offset).toBe(10n)
  await close()
  await second.stop()
})

test('two brokers cannot use one data directory', async () => {
  const kafka = await start()
  await expect(start()).rejects.toThrow(`Another process uses ${dataDir}`)
  await kafka.stop()
  await (await start()).stop()
})
