import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs'
import { inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import { type FaultFor, injectFaults } from '../test/inject-faults.ts'
import { cloudEvent, DATE, photograph, TOPIC, tinyImage } from '../test/kafka-records.ts'
import { failedFrom, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

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

describe('a record is retried', () => {
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

  test('while SQS does not answer, and is enqueued afterwards', async () => {
    const record = cloudEvent('not-enqueued', await photograph())
    await local.sqs.send(new DeleteQueueCommand({ QueueUrl: local.QueueUrl }))
    const { answer, counts } = await local.count(record)
    expect(answer).toEqual({ batchItemFailures: [failedFrom(15)] })
    expect(counts).toEqual([deferred('internal')])
    expect(await local.keys('input/')).toHaveLength(1)
    await local.sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
    await local.bridge(record)
    expect(await local.keys('input/')).toHaveLength(1)
    expect(await local.takeMessages()).toHaveLength(1)
  })
})

describe('a record that is not an image is retried', () => {
  const record = cloudEvent('no-image', Buffer.from('no image'))
  const document = metadataKey(imageOf(record))
  const rejected = `rejected/${TOPIC}/${DATE}/0-15`
  const isFor = (key: string, input: object) => 'Key' in input && input.Key === key

  test.each<[string, string[], FaultFor]>([
    ['the record cannot be stored', [], (_, input) => (isFor(rejected, input) ? 'lost' : undefined)],
    [
      'it is unknown whether the image was accepted',
      [rejected],
      (name) => (name === 'HeadObjectCommand' ? 'lost' : undefined),
    ],
    ['its status cannot be stored', [rejected], (_, input) => (isFor(document, input) ? 'lost' : undefined)],
    [
      'it is unknown whether its status was stored',
      [document, rejected],
      (_, input) => (isFor(document, input) ? 'unanswered' : undefined),
    ],
  ])('while %s', async (_, stored, faultFor) => {
    const end = injectFaults(local.clients, faultFor)
    const { answer, counts } = await local.count(record)
    end()
    expect(answer).toEqual({ batchItemFailures: [failedFrom(15)] })
    expect(counts).toEqual([deferred('storage-unavailable')])
    expect(await local.imageKeys()).toEqual(stored)
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.imageKeys()).toEqual([document, rejected])
  })

  test('while S3 does not answer', async () => {
    await local.stop()
    expect(await local.bridge(record)).toEqual({ batchItemFailures: [failedFrom(15)] })
    await local.start()
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.imageKeys()).toEqual([document, rejected])
  })
})

describe('in the middle of a batch', () => {
  const batch = Array.from({ length: 24 }, (_, n) =>
    cloudEvent(`of-batch-${n}`, tinyImage(n), { partition: n % 3, offset: Math.floor(n / 3) }),
  )
  const keyOf = (record: MSKRecord) => inputKey(imageOf(record))

  /** The records that Lambda delivers next: each partition from where it stopped. */
  const remaining = (failures: { itemIdentifier: { partition: string; offset: number } }[]) =>
    batch.filter(({ topic, partition, offset }) =>
      failures.some(
        ({ itemIdentifier }) =>
          itemIdentifier.partition === `${topic}-${partition}` && itemIdentifier.offset <= offset,
      ),
    )

  async function expectAllAcceptedOnce() {
    expect(await local.imageKeys()).toEqual(batch.map(keyOf).toSorted())
    const announced = (await local.takeMessages()).map(({ data }) => inputKey(data))
    expect(announced.toSorted()).toEqual(batch.map(keyOf).toSorted())
  }

  test.each([
    ['S3', 'PutObjectCommand', 'storage-unavailable'],
    ['SQS', 'SendMessageCommand', 'internal'],
  ])('%s goes down: every partition stops, and the retry accepts the rest', async (_, command, reason) => {
    let sent = 0
    const end = injectFaults(local.clients, async (name) => {
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
    // Everything before a stop has been accepted.
    const done = batch.filter((record) => !rest.includes(record)).map(keyOf)
    expect(await local.keys('input/')).toEqual(expect.arrayContaining(done))
    expect(await local.bridge(...rest)).toEqual(NO_FAILURES)
    await expectAllAcceptedOnce()
  })

  test('one partition stops: the others continue', async () => {
    const [stuck] = batch.filter(({ partition, offset }) => partition === 1 && offset === 3)
    const key = keyOf(stuck as MSKRecord)
    const end = injectFaults(local.clients, (_, input) =>
      'Key' in input && input.Key === key ? 'lost' : undefined,
    )
    const { answer, counts } = await local.count(...batch)
    end()
    expect(answer).toEqual({ batchItemFailures: [failedFrom(3, 1)] })
    const later = remaining(answer.batchItemFailures)
    expect(later).toHaveLength(5)
    expect(counts).toContainEqual(deferred('storage-unavailable'))
    expect(counts).toContainEqual(expect.objectContaining({ name: 'KafkaRecordsAccepted', records: 19 }))
    expect(await local.imageKeys()).toHaveLength(19)
    expect(await local.bridge(...later)).toEqual(NO_FAILURES)
    await expectAllAcceptedOnce()
  })
})
