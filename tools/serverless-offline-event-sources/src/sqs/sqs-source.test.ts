import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ClientRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { recordLog } from '../testing/record-log.ts'
import { recordingFunction } from '../testing/recording-function.ts'
import { createTestQueue, region } from '../testing/sqs-for-tests.ts'
import type { SqsMapping } from './mapping.ts'
import { SqsSource } from './sqs-source.ts'

let aws: LocalAws
let dataDir: string
let running: SqsSource[] = []

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'event-sources-'))
  aws = await startLocalAws({ dataDir })
  Object.assign(process.env, awsEnvironment(aws.endpoint))
})

afterEach(async () => {
  await Promise.all(running.map((source) => source.stop()))
  running = []
})

afterAll(async () => {
  await aws.stop()
  await rm(dataDir, { recursive: true })
})

function open(
  queueName: string,
  invoke: (event: unknown) => Promise<unknown>,
  mapping?: Partial<SqsMapping>,
) {
  const recorded = recordLog()
  const source = new SqsSource(
    {
      queueName,
      batchSize: 10,
      batchingWindowSeconds: 0,
      maximumConcurrency: 5,
      reportsItemFailures: false,
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

/** Resolves when this process sends its next receive request. */
function nextReceive(): Promise<void> {
  const channel = 'http.client.request.created'
  return new Promise((resolve) => {
    const listener = (message: unknown) => {
      const { request } = message as { request: ClientRequest }
      if (request.getHeader('x-amz-target') !== 'AmazonSQS.ReceiveMessage') return
      unsubscribe(channel, listener)
      resolve()
    }
    subscribe(channel, listener)
  })
}

const consumed = (body: string) => aws.spy.waitForMessage({ body }, 'consumed')
const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`)

describe('the event', () => {
  test('has the same shape as on Lambda', async () => {
    const queue = await createTestQueue('shape')
    await queue.send({
      MessageBody: '{"image":1}',
      MessageAttributes: {
        traceparent: { DataType: 'String', StringValue: '00-abc' },
        attempts: { DataType: 'Number', StringValue: '3' },
        digest: { DataType: 'Binary', BinaryValue: Buffer.from([1, 2, 255]) },
      },
    })
    const work = recordingFunction()
    await start('shape', work.invoke)
    const [first] = await work.invoked(1)
    expect(first?.event).toMatchSnapshot({
      Records: [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          receiptHandle: expect.any(String),
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
        },
      ],
    })
  })

  test('contains up to ten messages, without waiting for more', async () => {
    const queue = await createTestQueue('ten')
    await queue.send(...numbered('ten', 13))
    const work = recordingFunction()
    await start('ten', work.invoke)
    const batches = await work.invoked(2)
    expect(batches.map(({ bodies }) => bodies.length)).toEqual([10, 3])
    expect(batches.flatMap(({ bodies }) => bodies).sort()).toEqual(numbered('ten', 13).sort())
    await Promise.all(numbered('ten', 13).map(consumed))
  })

  test('contains the messages of several receives within the window', async () => {
    const queue = await createTestQueue('window')
    await queue.send(...numbered('window', 12))
    const work = recordingFunction()
    await start('window', work.invoke, { batchSize: 100, batchingWindowSeconds: 1 })
    const [first] = await work.invoked(1)
    expect(first?.bodies).toHaveLength(12)
    await Promise.all(numbered('window', 12).map(consumed))
  })

  test('is sent as soon as the batch is full', async () => {
    const queue = await createTestQueue('full')
    await queue.send(...numbered('full', 24))
    const work = recordingFunction()
    await start('full', work.invoke, { batchSize: 12, batchingWindowSeconds: 300 })
    const batches = await work.invoked(2)
    expect(batches.map(({ bodies }) => bodies.length)).toEqual([12, 12])
  })
})

describe('after the invocation', () => {
  test('only the reported message is redelivered, and ends in the dead-letter queue', async () => {
    await createTestQueue('partial-dead')
    const queue = await createTestQueue('partial', {
      VisibilityTimeout: '1',
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: `arn:aws:sqs:${region}:000000000000:partial-dead`,
        maxReceiveCount: 2,
      }),
    })
    await queue.send('good', 'bad', 'fine')
    const work = recordingFunction(({ event }) => ({
      batchItemFailures: event.Records.filter(({ body }) => body === 'bad').map(({ messageId }) => ({
        itemIdentifier: messageId,
      })),
    }))
    await start('partial', work.invoke, { reportsItemFailures: true })
    await aws.spy.waitForMessage({ body: 'bad' }, 'dlq')
    expect(work.invocations.map(({ bodies }) => bodies)).toEqual([['bad', 'fine', 'good'], ['bad']])
    expect(work.invocations[1]?.event.Records[0]?.attributes.ApproximateReceiveCount).toBe('2')
    await consumed('good')
    await consumed('fine')
  })

  test.each([
    ['throws', () => Promise.reject(new Error('no')), false],
    ['names a message that is not in the batch', () => report('somebody-else'), true],
    ['answers nonsense', () => 'done', true],
  ])('the whole batch is redelivered if the function %s', async (what, fail, reportsItemFailures) => {
    const name = what.replaceAll(' ', '-')
    const queue = await createTestQueue(name, { VisibilityTimeout: '1' })
    await queue.send(`${name}-1`, `${name}-2`)
    const work = recordingFunction(() => (work.invocations.length === 1 ? fail() : undefined))
    const { waitFor } = await start(name, work.invoke, { reportsItemFailures })
    expect(await waitFor(/work failed, its batch of 2 stays in/)).toMatchObject({ level: 'error' })
    await consumed(`${name}-1`)
    await consumed(`${name}-2`)
    const [, ...again] = work.invocations
    expect(again.flatMap(({ bodies }) => bodies).sort()).toEqual([`${name}-1`, `${name}-2`])
  })

  test('without ReportBatchItemFailures every response means success', async () => {
    const queue = await createTestQueue('unreported')
    await queue.send('unreported-1')
    const work = recordingFunction(({ event }) => report(String(event.Records[0]?.messageId)))
    await start('unreported', work.invoke)
    await consumed('unreported-1')
  })
})

const report = (itemIdentifier: string) => ({ batchItemFailures: [{ itemIdentifier }] })

test('reaches the maximum concurrency, never exceeds it, and leaves the rest in the queue', async () => {
  const queue = await createTestQueue('busy', { VisibilityTimeout: '1' })
  await queue.send(...numbered('busy', 9))
  const gate = Promise.withResolvers<void>()
  let now = 0
  let most = 0
  const work = recordingFunction(async () => {
    most = Math.max(most, ++now)
    await gate.promise
    now--
  })
  await start('busy', work.invoke, { batchSize: 1, maximumConcurrency: 3 })
  await work.invoked(3)
  expect(await queue.counts()).toEqual({ waiting: 6, inFlight: 3 })
  gate.resolve()
  const all = await work.invoked(9)
  await Promise.all(numbered('busy', 9).map(consumed))
  expect(most).toBe(3)
  const receiveCounts = all.map(({ event }) => event.Records[0]?.attributes.ApproximateReceiveCount)
  expect(new Set(receiveCounts)).toEqual(new Set(['1']))
})

describe('an outage', () => {
  test('is survived, with one log line at its start and one at its end', async () => {
    const queue = await createTestQueue('outage')
    const work = recordingFunction()
    const { source, lines, waitFor } = await start('outage', work.invoke)
    await aws.stop()
    await waitFor(/SQS queue outage is not responding/)
    await nextReceive()
    await nextReceive()
    aws = await startLocalAws({ port: aws.port, dataDir })
    await waitFor(/SQS queue outage is responding again/)
    await queue.send('after the outage')
    await work.invoked(1)
    await source.stop()
    expect(await queue.counts()).toEqual({ waiting: 0, inFlight: 0 })
    expect(lines.map(({ level }) => level)).toEqual(['warning', 'notice'])
  })

  test('at the start is waited out', async () => {
    await createTestQueue('late')
    const { port } = aws
    await aws.stop()
    const work = recordingFunction()
    const { source, waitFor } = open('late', work.invoke)
    const started = source.start()
    await waitFor(/SQS queue late is not responding/)
    aws = await startLocalAws({ port, dataDir })
    await started
    expect((await waitFor(/SQS queue late is responding again/)).level).toBe('notice')
  })
})

describe('stopping', () => {
  test('ends a long poll at once', async () => {
    const queue = await createTestQueue('idle')
    const work = recordingFunction()
    const polling = nextReceive()
    const { source } = await start('idle', work.invoke)
    await polling
    const timer = AbortSignal.timeout(5_000)
    await Promise.race([
      source.stop(),
      once(timer, 'abort').then(() => Promise.reject(new Error('still polling'))),
    ])
    await queue.send('too late')
    expect(work.invocations).toEqual([])
  })

  test('waits for running batches and deletes their messages', async () => {
    const queue = await createTestQueue('finishing')
    await queue.send('last')
    const gate = Promise.withResolvers<void>()
    const work = recordingFunction(() => gate.promise)
    const { source } = await start('finishing', work.invoke)
    await work.invoked(1)
    let stopped = false
    const stopping = source.stop().then(() => {
      stopped = true
    })
    await queue.counts()
    expect(stopped).toBe(false)
    gate.resolve()
    await stopping
    expect(await queue.counts()).toEqual({ waiting: 0, inFlight: 0 })
  })
})

test('a queue that does not exist is an error', async () => {
  const { source } = open('nowhere', recordingFunction().invoke)
  await expect(source.start()).rejects.toMatchObject({
    slug: 'unknown-queue',
    message: expect.stringContaining('Queue nowhere does not exist'),
  })
})
