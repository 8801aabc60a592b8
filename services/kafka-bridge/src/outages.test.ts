import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs'
import { inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import { type FateOf, interfere } from '../test/interfere.ts'
import { cloudEvent, photograph, TOPIC, tinyImage } from '../test/kafka-records.ts'
import { APPS, failedFrom, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'
import { identifyRecord } from './identify-record.ts'

let dataDir: string
let local: OpenBridge
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kafka-bridge-'))
  local = await openBridge(dataDir)
})
beforeEach(() => local.startEmpty())
afterAll(async () => {
  await local.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const deferred = (reason: string, records = 1) => ({
  name: 'KafkaRecordsDeferred',
  dimensions: { service: 'kafka-bridge', stage: 'test', topic: TOPIC, reason },
  records,
})

describe('a record comes again', () => {
  test('while S3 does not answer', async () => {
    const record = cloudEvent('patient', await photograph())
    await local.stop()
    const { answer, counts } = await local.count(record)
    expect(answer).toEqual({ batchItemFailures: [failedFrom(15)] })
    expect(counts).toEqual([deferred('storage-unavailable')])
    await local.start()
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.takeMessages()).toHaveLength(1)
  })

  test('while SQS does not answer, and is announced then', async () => {
    const record = cloudEvent('unannounced', await photograph())
    await local.sqs.send(new DeleteQueueCommand({ QueueUrl: local.QueueUrl }))
    const { answer, counts } = await local.count(record)
    expect(answer).toEqual({ batchItemFailures: [failedFrom(15)] })
    expect(counts).toEqual([deferred('queue-unavailable')])
    expect(await local.keys('input/')).toHaveLength(1)
    await local.sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
    await local.bridge(record)
    expect(await local.keys('input/')).toHaveLength(1)
    expect(await local.takeMessages()).toHaveLength(1)
  })
})

describe('rubbish comes again', () => {
  const record = cloudEvent('rubbish', Buffer.from('no image'))
  const document = metadataKey(identifyRecord(record, APPS))
  const evidence = `rejected/${TOPIC}/2026-11-23/0-15`
  const isFor = (key: string, input: object) => 'Key' in input && input.Key === key

  test.each<[string, string[], FateOf]>([
    ['the evidence cannot be kept', [], (_, input) => (isFor(evidence, input) ? 'lost' : undefined)],
    [
      'nobody can tell whether the image is accepted',
      [evidence],
      (name) => (name === 'HeadObjectCommand' ? 'lost' : undefined),
    ],
    ['its status cannot be stored', [evidence], (_, input) => (isFor(document, input) ? 'lost' : undefined)],
    [
      'nobody can tell whether its status is stored',
      [document, evidence],
      (_, input) => (isFor(document, input) ? 'unanswered' : undefined),
    ],
  ])('while %s', async (_, stored, fateOf) => {
    const end = interfere(local.clients, fateOf)
    const { answer, counts } = await local.count(record)
    end()
    expect(answer).toEqual({ batchItemFailures: [failedFrom(15)] })
    expect(counts).toEqual([deferred('storage-unavailable')])
    expect(await local.keys('')).toEqual(stored)
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.keys('')).toEqual([document, evidence])
  })

  test('while S3 does not answer', async () => {
    await local.stop()
    expect(await local.bridge(record)).toEqual({ batchItemFailures: [failedFrom(15)] })
    await local.start()
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.keys('')).toEqual([document, evidence])
  })
})

describe('in the middle of a batch', () => {
  const batch = Array.from({ length: 24 }, (_, n) =>
    cloudEvent(`of-batch-${n}`, tinyImage(n), { partition: n % 3, offset: Math.floor(n / 3) }),
  )
  const keyOf = (record: MSKRecord) => inputKey(identifyRecord(record, APPS))

  /** What Lambda delivers next: each partition from where it stopped. */
  const remaining = (failures: { itemIdentifier: { partition: string; offset: number } }[]) =>
    batch.filter(({ topic, partition, offset }) =>
      failures.some(
        ({ itemIdentifier }) =>
          itemIdentifier.partition === `${topic}-${partition}` && itemIdentifier.offset <= offset,
      ),
    )

  async function expectAllAcceptedOnce() {
    expect(await local.keys('')).toEqual(batch.map(keyOf).toSorted())
    const announced = (await local.takeMessages()).map(({ data }) => inputKey(data))
    expect(announced.toSorted()).toEqual(batch.map(keyOf).toSorted())
  }

  test.each([
    ['S3', 'PutObjectCommand', 'storage-unavailable'],
    ['SQS', 'SendMessageCommand', 'queue-unavailable'],
  ])(
    '%s goes down: every partition stops where it is, and the retry takes the rest',
    async (_, command, reason) => {
      let sent = 0
      const end = interfere(local.clients, async (name) => {
        if (name === command && ++sent === 11) await local.stop()
        return undefined
      })
      const { answer, counts } = await local.count(...batch)
      end()
      await local.start()
      const { batchItemFailures } = answer
      expect(batchItemFailures).toHaveLength(3)
      const rest = remaining(batchItemFailures)
      expect(rest.length).toBeGreaterThan(0)
      expect(counts).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: 'KafkaRecordsDeferred' })]),
      )
      expect(counts.some(({ dimensions }) => dimensions.reason === reason)).toBe(true)
      // Whatever lies before a stop has been taken.
      const done = batch.filter((record) => !rest.includes(record)).map(keyOf)
      expect(await local.keys('input/')).toEqual(expect.arrayContaining(done))
      expect(await local.bridge(...rest)).toEqual(NO_FAILURES)
      await expectAllAcceptedOnce()
    },
  )

  test('a single partition cannot go on: the others do', async () => {
    const [stuck] = batch.filter(({ partition, offset }) => partition === 1 && offset === 3)
    const key = keyOf(stuck as MSKRecord)
    const end = interfere(local.clients, (_, input) =>
      'Key' in input && input.Key === key ? 'lost' : undefined,
    )
    const { answer, counts } = await local.count(...batch)
    end()
    expect(answer).toEqual({ batchItemFailures: [failedFrom(3, 1)] })
    const behind = remaining(answer.batchItemFailures)
    expect(behind).toHaveLength(5)
    expect(counts).toContainEqual(deferred('storage-unavailable'))
    expect(counts).toContainEqual(expect.objectContaining({ name: 'KafkaRecordsAccepted', records: 19 }))
    expect(await local.keys('')).toHaveLength(19)
    expect(await local.bridge(...behind)).toEqual(NO_FAILURES)
    await expectAllAcceptedOnce()
  })
})
