import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { type LocalKafka, startLocalKafka } from '@darkroom/local-kafka'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { kafkaClient } from '../testing/kafka-for-tests.ts'
import { recordLog } from '../testing/record-log.ts'
import { recordingKafkaFunction } from '../testing/recording-kafka-function.ts'
import { createTestQueue, region } from '../testing/sqs-for-tests.ts'
import { KafkaSource } from './kafka-source.ts'
import type { KafkaMapping } from './mapping.ts'

const topics = Object.fromEntries(
  'shape size large throw report whole bisect old giant busy restart latest rebalance stop'
    .split(' ')
    .map((name) => [name, 2]),
)

let kafka: LocalKafka
let aws: LocalAws
let client: ReturnType<typeof kafkaClient>
let running: KafkaSource[] = []

beforeAll(async () => {
  aws = await startLocalAws()
  Object.assign(process.env, awsEnvironment(aws.endpoint))
  kafka = await startLocalKafka({ topics })
  client = kafkaClient(kafka.brokers)
})

afterEach(async () => {
  await Promise.all(running.map((source) => source.stop()))
  running = []
})

afterAll(async () => {
  await client.close()
  await kafka.stop()
  await aws.stop()
})

function open(topic: string, invoke: (event: unknown) => Promise<unknown>, mapping?: Partial<KafkaMapping>) {
  const recorded = recordLog()
  const source = new KafkaSource(
    {
      eventSource: 'SelfManagedKafka',
      bootstrapServers: [kafka.brokers],
      topic,
      groupId: `${topic}-group`,
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      batchingWindowSeconds: 0.1,
      reportsItemFailures: false,
      bisectsOnError: false,
      maximumRetryAttempts: Number.POSITIVE_INFINITY,
      maximumRecordAgeSeconds: Number.POSITIVE_INFINITY,
      ...mapping,
    },
    {
      functionKey: 'work',
      functionName: 'svc-local-work',
      functionTimeoutSeconds: 1,
      region,
      maximumConcurrency: 5,
      resolve: (value) => value,
      extensions: {},
      log: recorded.log,
      invoke,
    },
  )
  running.push(source)
  return { source, ...recorded }
}

async function start(...args: Parameters<typeof open>) {
  const opened = open(...args)
  await opened.source.start()
  return opened
}

/** Stops the source and returns the committed offsets of its group. */
async function committedBy({ source }: { source: KafkaSource }, topic: string): Promise<number[]> {
  await source.stop()
  return client.committed(`${topic}-group`, topic, [0, 1])
}

const values = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ value: `${prefix}${i}` }))

describe('the event', () => {
  test('has the same shape as on Lambda', async () => {
    await client.send('shape', {
      partition: 1,
      key: 'k',
      value: Buffer.from([0xff, 0xd8]),
      headers: [
        ['ce_id', Buffer.from('é')],
        ['ce_id', Buffer.from('2')],
      ],
      timestamp: 1_545_084_650_987,
    })
    await client.send('shape', { partition: 1, value: null, timestamp: 1 })
    const work = recordingKafkaFunction()
    await start('shape', work.invoke)
    const [first] = await work.invoked(1)
    expect(first?.event).toEqual({
      eventSource: 'SelfManagedKafka',
      bootstrapServers: kafka.brokers,
      records: {
        'shape-1': [
          {
            topic: 'shape',
            partition: 1,
            offset: 0,
            timestamp: 1_545_084_650_987,
            timestampType: 'CREATE_TIME',
            key: 'aw==',
            value: '/9g=',
            headers: [{ ce_id: [-61, -87] }, { ce_id: [50] }],
          },
          {
            topic: 'shape',
            partition: 1,
            offset: 1,
            timestamp: 1,
            timestampType: 'CREATE_TIME',
            value: null,
            headers: [],
          },
        ],
      },
    })
  })

  test('contains up to batchSize records of several partitions, in order', async () => {
    await client.send('size', ...values('a', 5))
    await client.send('size', ...values('b', 2).map((message) => ({ ...message, partition: 1 })))
    const work = recordingKafkaFunction()
    const opened = await start('size', work.invoke, { batchSize: 4 })
    await work.received(7)
    const sizes = work.invocations.map((invocation) => Object.values(invocation.values).flat().length)
    expect(Math.max(...sizes)).toBe(4)
    expect(work.invocations.flatMap((invocation) => invocation.values['size-0'] ?? [])).toEqual(
      values('a', 5).map(({ value }) => value),
    )
    expect(await committedBy(opened, 'size')).toEqual([5, 2])
  })

  test('contains at most 6 MB in base64', async () => {
    const image = Buffer.alloc(1_500_000, 'x')
    for (let i = 0; i < 4; i++) await client.send('large', { value: image })
    const work = recordingKafkaFunction()
    await start('large', work.invoke)
    await work.received(4)
    for (const { event } of work.invocations) {
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(6 * 1024 * 1024)
    }
    expect(work.invocations[0]?.values['large-0']).toHaveLength(3)
  })
})

describe('failures', () => {
  test('a batch that throws is retried unchanged, and is committed only after it succeeds', async () => {
    await client.send('throw', ...values('v', 3))
    let committedMeanwhile: number[] = []
    const work = recordingKafkaFunction(async () => {
      if (work.invocations.length === 1) throw new Error('not now')
      committedMeanwhile = await client.committed('throw-group', 'throw', [0])
    })
    const opened = await start('throw', work.invoke)
    const [first, second] = await work.invoked(2)
    expect(second?.values).toEqual(first?.values)
    expect(await opened.waitFor(/work failed on 3 records \(throw-0 from 0\)/)).toMatchObject({
      level: 'error',
    })
    expect(await committedBy(opened, 'throw')).toEqual([3, 0])
    expect(committedMeanwhile).toEqual([0])
  })

  test.each([
    ['two fields', (key: string, offset: number) => ({ partition: key, offset })],
    ['one string', (key: string, offset: number) => `${key}-${offset}`],
  ])(
    'a report, in %s: from the lowest failed offset of that partition, while others go on',
    async (_, name) => {
      const group = `report-${_.replace(' ', '-')}`
      if (_ === 'two fields') {
        await client.send('report', ...values('a', 4))
        await client.send('report', { partition: 1, value: 'b0' })
      }
      const retried = Promise.withResolvers<void>()
      const work = recordingKafkaFunction(async (invocation) => {
        const records = invocation.event.records['report-0'] ?? []
        if (records.length === 4)
          return { batchItemFailures: [3, 2].map((o) => ({ itemIdentifier: name('report-0', o) })) }
        if (records.length === 2) await retried.promise
        return undefined
      })
      const { source } = await start('report', work.invoke, { groupId: group, reportsItemFailures: true })
      const retries = await work.invoked(2)
      expect(retries.map((invocation) => invocation.values)).toEqual([
        { 'report-0': ['a0', 'a1', 'a2', 'a3'], 'report-1': expect.arrayContaining(['b0']) },
        { 'report-0': ['a2', 'a3'] },
      ])
      expect((await client.committed(group, 'report', [0, 1]))[0]).toBe(2)
      await client.send('report', { partition: 1, value: 'while the other waits' })
      const [, , third] = await work.invoked(3)
      expect(third?.values).toEqual({ 'report-1': ['while the other waits'] })
      retried.resolve()
      await source.stop()
      expect((await client.committed(group, 'report', [0, 1]))[0]).toBe(4)
    },
  )

  test('a report about unknown records fails the whole batch', async () => {
    await client.send('whole', ...values('v', 2))
    const work = recordingKafkaFunction(() =>
      work.invocations.length === 1 ? { batchItemFailures: [{ itemIdentifier: 'whole-0-99' }] } : undefined,
    )
    const opened = await start('whole', work.invoke, { reportsItemFailures: true })
    const [, second] = await work.invoked(2)
    expect(second?.values).toEqual({ 'whole-0': ['v0', 'v1'] })
    await opened.waitFor(/names whole-0-99/)
  })

  test('bisecting isolates the bad record, which is reported and skipped after its retries', async () => {
    const queue = await createTestQueue('bisect-failures')
    await client.send('bisect', ...values('v', 4))
    const work = recordingKafkaFunction((invocation) => {
      if (invocation.values['bisect-0']?.includes('v2')) throw new Error('v2 is bad')
    })
    const mapping = { bisectsOnError: true, maximumRetryAttempts: 1, onFailure: { queue: queue.name } }
    const opened = await start('bisect', work.invoke, mapping)
    const reported = await aws.spy.waitForMessage({ queueName: queue.name }, 'published')
    await work.received(4 + 2 + 2 + 1 + 1 + 1)
    expect(work.invocations.map((invocation) => invocation.values['bisect-0'])).toEqual([
      ['v0', 'v1', 'v2', 'v3'],
      ['v0', 'v1'],
      ['v2', 'v3'],
      ['v2'],
      ['v2'],
      ['v3'],
    ])
    expect(JSON.parse((reported as { body: string }).body)).toMatchObject({
      requestContext: {
        functionArn: `arn:aws:lambda:${region}:000000000000:function:svc-local-work`,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
      },
      KafkaBatchInfo: {
        batchSize: 1,
        bootstrapServers: kafka.brokers,
        recordsInfo: { 'bisect-0': { firstRecordOffset: '2', lastRecordOffset: '2' } },
      },
    })
    expect(await committedBy(opened, 'bisect')).toEqual([4, 0])
  })

  test('discards records that are too old', async () => {
    await client.send('old', { value: 'old', timestamp: Date.now() - 120_000 }, { value: 'new' })
    const work = recordingKafkaFunction()
    const opened = await start('old', work.invoke, { maximumRecordAgeSeconds: 60 })
    expect((await work.invoked(1))[0]?.values).toEqual({ 'old-0': ['new'] })
    await opened.waitFor(/discarded 1 record \(old-0 from 0\): RecordAgeExceeded/)
    expect(await committedBy(opened, 'old')).toEqual([2, 0])
  })

  test('discards records that are too large, which a bucket receives whole', async () => {
    const s3 = new S3Client({ region })
    const Bucket = 'undelivered'
    await s3.send(new CreateBucketCommand({ Bucket }))
    await client.send('giant', { value: Buffer.alloc(5_000_000, 'x') })
    await client.send('giant', { value: 'after it' })
    const work = recordingKafkaFunction()
    const opened = await start('giant', work.invoke, { onFailure: { bucket: Bucket } })
    expect((await work.invoked(1))[0]?.values).toEqual({ 'giant-0': ['after it'] })
    await opened.waitFor(/giant-0 from 0\): MaximumPayloadSizeExceeded/)
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'aws/lambda/' }))
    // More than one, if the group was assigned anew before it had committed.
    expect(Contents).not.toEqual([])
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: Contents[0]?.Key }))
    const { requestContext, payload } = JSON.parse(String(await Body?.transformToString()))
    expect(requestContext).toMatchObject({
      condition: 'MaximumPayloadSizeExceeded',
      approximateInvokeCount: 0,
    })
    const [record] = JSON.parse(payload).records['giant-0']
    expect(Buffer.from(record.value, 'base64').equals(Buffer.alloc(5_000_000, 'x'))).toBe(true)
    s3.destroy()
  })
})

test('batches of different partitions run concurrently, batches of one partition never', async () => {
  const gate = Promise.withResolvers<void>()
  const work = recordingKafkaFunction(() => gate.promise)
  await start('busy', work.invoke, { batchSize: 1 })
  await client.send('busy', ...values('a', 2))
  await work.invoked(1)
  await client.send('busy', { partition: 1, value: 'b0' })
  await work.invoked(2)
  await client.send('busy', { partition: 1, value: 'b1' })
  gate.resolve()
  await work.received(4)
  expect(work.invocations.slice(0, 2).map((invocation) => invocation.values)).toEqual([
    { 'busy-0': ['a0'] },
    { 'busy-1': ['b0'] },
  ])
})

describe('the consumer group', () => {
  test('continues from the committed offset', async () => {
    await client.send('restart', ...values('v', 2))
    const before = recordingKafkaFunction()
    const { source } = await start('restart', before.invoke)
    await before.received(2)
    await source.stop()
    await client.send('restart', { value: 'v2' })
    const after = recordingKafkaFunction()
    await start('restart', after.invoke)
    expect(await after.received(1)).toEqual(['v2'])
  })

  test('LATEST: receives only records after the first start, even after a restart', async () => {
    await client.send('latest', { value: 'before' })
    const idle = await start('latest', recordingKafkaFunction().invoke, { startingPosition: 'LATEST' })
    await idle.source.stop()
    await client.send('latest', { value: 'meanwhile' })
    const work = recordingKafkaFunction()
    await start('latest', work.invoke, { startingPosition: 'LATEST' })
    expect(await work.received(1)).toEqual(['meanwhile'])
  })

  test('does not process or commit a partition that was reassigned to another member', async () => {
    await client.send('rebalance', { value: 'a0' }, { value: 'a1' })
    await client.send('rebalance', { partition: 1, value: 'b0' }, { partition: 1, value: 'b1' })
    const gate = Promise.withResolvers<void>()
    const first = recordingKafkaFunction(() => gate.promise)
    const second = recordingKafkaFunction()
    await start('rebalance', first.invoke)
    await first.invoked(1)
    const other = await start('rebalance', second.invoke)
    const [taken] = await second.invoked(1)
    const [key = ''] = Object.keys(taken?.values ?? {})
    expect(taken?.values[key]).toHaveLength(2)
    const lost = Number(key.at(-1))
    await other.source.stop()
    const afterOther = await client.committed('rebalance-group', 'rebalance', [0, 1])
    expect(afterOther[lost]).toBe(2)
    expect(afterOther[1 - lost]).toBe(0)
    gate.resolve()
    await Promise.all(running.map((source) => source.stop()))
    expect((await client.committed('rebalance-group', 'rebalance', [0, 1]))[1 - lost]).toBe(2)
  })
})

test('survives an outage and logs one line at its start and one at its end', async () => {
  const own = await startLocalKafka({ topics: { outage: 2 } })
  const work = recordingKafkaFunction()
  const { lines, waitFor } = await start('outage', work.invoke, { bootstrapServers: [own.brokers] })
  await own.stop()
  await waitFor(/Kafka topic outage .* is not responding/)
  const again = await startLocalKafka({ port: own.port, topics: { outage: 2 } })
  await waitFor(/Kafka topic outage .* is responding again/)
  const producer = kafkaClient(again.brokers)
  await producer.send('outage', { value: 'after it' })
  expect(await work.received(1)).toEqual(['after it'])
  await Promise.all(running.map((source) => source.stop()))
  await producer.close()
  await again.stop()
  expect(lines.map(({ level }) => level)).toEqual(['warning', 'notice'])
})

test('waits for a topic that is created later', async () => {
  const empty = await startLocalKafka()
  const { invoke } = recordingKafkaFunction()
  const { source, waitFor } = open('later', invoke, { bootstrapServers: [empty.brokers] })
  const started = source.start()
  await waitFor(/is not responding, retrying: .*later/)
  const own = kafkaClient(empty.brokers)
  await own.createTopic('later', 1)
  await started
  await own.close()
  await source.stop()
  await empty.stop()
})

test('stop waits for running batches, commits them and starts no more', async () => {
  await client.send('stop', ...values('v', 2))
  const gate = Promise.withResolvers<void>()
  const work = recordingKafkaFunction(() => gate.promise)
  const opened = await start('stop', work.invoke, { batchSize: 1 })
  await work.invoked(1)
  const stopped = committedBy(opened, 'stop')
  gate.resolve()
  expect(await stopped).toEqual([1, 0])
  expect(work.invocations).toHaveLength(1)
})
