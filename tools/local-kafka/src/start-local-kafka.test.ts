import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Admin } from '@platformatic/kafka'
import { type LocalKafka, startLocalKafka } from './start-local-kafka.ts'
import { platformaticConsumer, platformaticProducer, withLibrdkafka } from './test-clients.ts'

const topics = { images: 2, exact: 2, group: 2, shared: 2, compressed: 1, mixed: 1 }

let kafka: LocalKafka
beforeAll(async () => {
  kafka = await startLocalKafka({ topics })
})
afterAll(() => kafka.stop())

describe('records', () => {
  test('of 3 MB with headers are sent from one process to another', async () => {
    const sent = await withLibrdkafka(
      kafka.brokers,
      `const settings = { 'enable.idempotence': true, acks: 'all', 'message.max.bytes': '8000000' }
      const headers = { 'content-type': Buffer.from('image/jpeg') }
      const messages = [{ payload: Buffer.alloc(3_000_000, 'darkroom'), headers }]
      const [{ partition, error }] = await producer(settings).send({ topic: 'images', messages })
      answer({ partition, error })`,
    )
    const read = await withLibrdkafka(
      kafka.brokers,
      `const { payload, headers, partition } = await (await consumer('elsewhere', 'images')).recv()
      const isWhole = payload.equals(Buffer.alloc(3_000_000, 'darkroom'))
      answer({ partition, isWhole, type: String(headers['content-type']) })`,
    )
    expect(read).toEqual({ ...(sent as object), isWhole: true, type: 'image/jpeg' })
  })

  test('keep key, timestamp, order and null values with @platformatic/kafka', async () => {
    const producer = platformaticProducer(kafka.brokers)
    const key = Buffer.from('k')
    const messages = [
      { topic: 'exact', partition: 1, key, value: Buffer.from('0'), timestamp: 1_545_084_650_987n },
      { topic: 'exact', partition: 1, key, value: null as unknown as Buffer, timestamp: 1_545_084_650_988n },
    ]
    await producer.send({ acks: -1, messages })
    await producer.close()
    const { next, close } = await platformaticConsumer(kafka.brokers, 'exact', 'exact')
    const [first, second] = [await next(), await next()]
    expect(first).toMatchObject({ partition: 1, offset: 0n, key, timestamp: 1_545_084_650_987n })
    expect(second).toMatchObject({ partition: 1, offset: 1n, timestamp: 1_545_084_650_988n })
    expect([String(first.value), second.value ?? null]).toEqual(['0', null])
    await close()
  })

  test('work with every compression', async () => {
    await withLibrdkafka(
      kafka.brokers,
      `const messages = [{ payload: Buffer.alloc(100_000, 'darkroom') }]
      for (const type of ['gzip', 'lz4', 'snappy']) {
        await producer({ 'compression.type': type }).send({ topic: 'compressed', messages })
      }
      answer('sent')`,
    )
    const { next, close } = await platformaticConsumer(kafka.brokers, 'compressed', 'compressed')
    for (let i = 0; i < 3; i++) {
      const { value } = await next()
      expect(value.equals(Buffer.alloc(100_000, 'darkroom'))).toBe(true)
    }
    await close()
  })

  test('get consecutive offsets from librdkafka and @platformatic/kafka', async () => {
    const platformatic = platformaticProducer(kafka.brokers)
    const send = async () => {
      const { offsets } = await platformatic.send({
        messages: [{ topic: 'mixed', value: Buffer.from('p') }],
        acks: -1,
      })
      return Number(offsets?.[0]?.offset)
    }
    const sendElsewhere = () =>
      withLibrdkafka(
        kafka.brokers,
        `const messages = [{ payload: Buffer.from('l') }]
        const [{ offset }] = await producer({ 'enable.idempotence': true }).send({ topic: 'mixed', messages })
        answer(offset)`,
      )
    expect([await send(), await sendElsewhere(), await send()]).toEqual([0, 1, 2])
    await platformatic.close()
  })
})

describe('a consumer group', () => {
  test('continues from the committed offset, also with another client', async () => {
    const producer = platformaticProducer(kafka.brokers)
    const send = (...values: string[]) =>
      producer.send({
        acks: -1,
        messages: values.map((value) => ({ topic: 'group', partition: 0, value: Buffer.from(value) })),
      })
    await send('a', 'b', 'c')
    const first = await platformaticConsumer(kafka.brokers, 'group', 'group')
    await first.next()
    const b = await first.next()
    await b.commit()
    await first.close()

    const second = await platformaticConsumer(kafka.brokers, 'group', 'group')
    expect(String((await second.next()).value)).toBe('c')
    await second.close()

    const third = await withLibrdkafka(
      kafka.brokers,
      `answer(String((await (await consumer('group', 'group')).recv()).payload))`,
    )
    expect(third).toBe('c')
    await producer.close()
  })

  test('shares the partitions and reassigns those of a member that leaves', async () => {
    const first = await platformaticConsumer(kafka.brokers, 'shared', 'shared')
    expect(first.partitions()).toEqual([0, 1])
    const halved = once(first.consumer, 'consumer:group:join')
    const second = await platformaticConsumer(kafka.brokers, 'shared', 'shared')
    await halved
    expect([...first.partitions(), ...second.partitions()].sort()).toEqual([0, 1])
    const whole = once(first.consumer, 'consumer:group:join')
    await second.close()
    await whole
    expect(first.partitions()).toEqual([0, 1])
    await first.close()
  })
})

describe('topics', () => {
  test('are created on first use with two partitions', async () => {
    const producer = platformaticProducer(kafka.brokers, { autocreateTopics: true })
    await producer.send({ messages: [{ topic: 'made-up', value: Buffer.from('x') }], acks: -1 })
    await producer.close()
    const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [kafka.brokers] })
    const { topics: known } = await admin.metadata({ topics: ['made-up'] })
    expect(known.get('made-up')?.partitionsCount).toBe(2)
    await admin.close()
  })

  test('are created with any number of partitions, once', async () => {
    const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [kafka.brokers], retries: 0 })
    const create = () => admin.createTopics({ topics: ['wide'], partitions: 7, replicas: 1 })
    expect(await create()).toMatchObject([{ name: 'wide', partitions: 7 }])
    await expect(create()).rejects.toThrow()
    await expect(admin.metadata({ topics: ['unheard-of'] })).rejects.toThrow(/Unknown topic unheard-of/)
    await admin.close()
  })
})

describe('with LogAppendTime', () => {
  test.each(['CreateTime', 'LogAppendTime'])('a topic is created with %s', async (value) => {
    const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [kafka.brokers], retries: 0 })
    const create = (topic: string, type: string) => {
      const configs = [{ name: 'message.timestamp.type', value: type }]
      return admin.createTopics({ topics: [topic], partitions: 1, replicas: 1, configs })
    }
    expect(await create(`by-${value}`, value)).toMatchObject([{ partitions: 1 }])
    await expect(create('mistyped', 'AppendTime')).rejects.toThrow()
    await admin.close()
  })

  test('librdkafka finds the checksum of a stamped batch right', async () => {
    const stamping = await startLocalKafka({ topics: { images: 1 }, timestampType: 'LogAppendTime' })
    const producer = platformaticProducer(stamping.brokers)
    await producer.send({ messages: [{ topic: 'images', value: Buffer.from('x'), timestamp: 1n }], acks: -1 })
    await producer.close()
    const value = await withLibrdkafka(
      stamping.brokers,
      `answer(String((await (await consumer('images', 'images', { 'check.crcs': 'true' })).recv()).payload))`,
    )
    expect(value).toBe('x')
    await stamping.stop()
  })
})

describe('limits', () => {
  test('a batch over maxMessageBytes is rejected', async () => {
    const small = await startLocalKafka({ topics: { images: 1 }, maxMessageBytes: 1000 })
    const producer = platformaticProducer(small.brokers)
    const send = (bytes: number) =>
      producer.send({ messages: [{ topic: 'images', value: Buffer.alloc(bytes) }], acks: -1 })
    const refused = await send(1001).catch((error) => error)
    expect(refused.findBy('apiId', 'MESSAGE_TOO_LARGE')).toBeTruthy()
    await producer.close()
    await small.stop()
  })

  test('the oldest records over retentionBytes are deleted, and consumers start with the remaining ones', async () => {
    const small = await startLocalKafka({ topics: { images: 1 }, retentionBytes: 2_500 })
    const producer = platformaticProducer(small.brokers)
    for (let i = 0; i < 5; i++) {
      await producer.send({ messages: [{ topic: 'images', value: Buffer.alloc(1_000, i) }], acks: -1 })
    }
    await producer.close()
    const { next, close } = await platformaticConsumer(small.brokers, 'any', 'images')
    expect((await next()).offset).toBe(3n)
    await close()
    await small.stop()
  })
})

describe('the server', () => {
  test('uses the given port and names it if it is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await expect(startLocalKafka({ port })).rejects.toMatchObject({
      message: `Local Kafka cannot listen on 127.0.0.1:${port}: the port is in use.`,
      cause: { code: 'EADDRINUSE' },
    })
    other.close()
    await once(other, 'close')
    const own = await startLocalKafka({ port })
    expect(own.brokers).toBe(`127.0.0.1:${port}`)
    await own.stop()
  })

  test('is not reachable from other machines', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const { address } of outside) {
      await expect(once(connect(kafka.port, address), 'connect')).rejects.toThrow()
    }
  })

  test('closes connections with invalid data and keeps running', async () => {
    const socket = connect(kafka.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'close')
    const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [kafka.brokers] })
    expect((await admin.metadata({ topics: ['images'] })).topics.size).toBe(1)
    await admin.close()
  })

  test('closes a connection that does not send the rest of its request', async () => {
    const own = await startLocalKafka({ maxIdleMs: 50 })
    const socket = connect(own.port, '127.0.0.1')
    socket.write(Buffer.from([0, 0, 1, 0, 1]))
    await once(socket, 'close')
    await own.stop()
  })

  test('stops during a pending fetch, and stop is idempotent', async () => {
    const own = await startLocalKafka({ topics: { quiet: 1 } })
    const { stream, close } = await platformaticConsumer(own.brokers, 'quiet', 'quiet')
    stream.on('error', () => {})
    await own.stop()
    await own.stop()
    await close().catch(() => {})
  }, 5_000)
})
