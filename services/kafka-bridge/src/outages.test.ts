import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs'
import { inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
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
beforeEach(() => local.clear())
afterAll(async () => {
  await local.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const isFor = (key: string, input: object) => 'Key' in input && input.Key === key

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

  test.each([
    [403, 'AccessDenied'],
    [404, 'NoSuchBucket'],
    [400, 'ExpiredToken'],
    [400, 'RequestTimeout'],
    [400, 'KMS.DisabledException'],
    [503, 'SlowDown'],
  ])('while S3 answers %i %s, which the log names', async (status, code) => {
    const record = cloudEvent('patient', await photograph())
    const { logger } = await import('./logger.ts')
    const log = jest.spyOn(logger, 'error')
    const end = injectFaults(local.clients, (name) =>
      name === 'PutObjectCommand' ? { status, code } : undefined,
    )
    expect(await local.bridge(record)).toEqual({ batchItemFailures: [failedFrom(15)] })
    end()
    expect(log).toHaveBeenCalledWith(
      'record deferred',
      expect.objectContaining({
        ...{ topic: TOPIC, partition: 0, offset: 15, reason: 'storage-unavailable' },
        ...{ errorName: code, errorMessage: `refused: ${code}` },
      }),
    )
    log.mockRestore()
    expect(await local.imageKeys()).toEqual([])
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.takeMessages()).toHaveLength(1)
  })
})

describe('a record is accepted, and its message is left to the watch queue', () => {
  const record = cloudEvent('not-enqueued', tinyImage(1))
  const next = cloudEvent('next', tinyImage(2), { offset: 16 })

  async function expectAccepted() {
    const { answer, counts } = await local.count(record, next)
    expect(answer).toEqual(NO_FAILURES)
    expect(counts).toContainEqual({
      name: 'MessagesNotSent',
      dimensions: { service: 'kafka-bridge', stage: 'test' },
      records: 1,
    })
    expect(counts).toContainEqual(expect.objectContaining({ name: 'KafkaRecordsAccepted', records: 2 }))
    expect(await local.keys('input/')).toHaveLength(2)
  }

  test('while SQS does not answer', async () => {
    await local.sqs.send(new DeleteQueueCommand({ QueueUrl: local.QueueUrl }))
    await expectAccepted()
    await local.sqs.send(new CreateQueueCommand({ QueueName: 'images' }))
    expect(await local.takeMessages()).toEqual([])
  })

  test('if SQS refuses its content', async () => {
    const isFirst = (input: object) => JSON.stringify(input).includes(imageOf(record).imageId)
    const end = injectFaults(local.clients, (name, input) =>
      name === 'SendMessageCommand' && isFirst(input)
        ? { status: 400, code: 'InvalidMessageContents' }
        : undefined,
    )
    await expectAccepted()
    end()
    expect(await local.takeMessages()).toMatchObject([{ subject: imageOf(next).imageId }])
  })
})

describe('a record that S3 refuses for its content', () => {
  const record = cloudEvent('refused', tinyImage(1))
  const next = cloudEvent('next', tinyImage(2), { offset: 16 })

  test.each([
    [400, 'MetadataTooLarge'],
    [400, 'InvalidArgument'],
    [400, 'RequestHeaderSectionTooLarge'],
    [413, 'EntityTooLarge'],
    [431, 'UnknownError'],
  ])('with %i %s is kept with the reason, and the next one proceeds', async (status, code) => {
    const key = inputKey(imageOf(record))
    const end = injectFaults(local.clients, (name, input) =>
      name === 'PutObjectCommand' && isFor(key, input) ? { status, code } : undefined,
    )
    expect(await local.bridge(record, next)).toEqual(NO_FAILURES)
    end()
    const { Metadata = {} } = await local.get(`rejected/${TOPIC}/${DATE}/0-15`)
    expect(Metadata.reason).toBe('malformed-request')
    expect(decodeURIComponent(String(Metadata.detail))).toContain(code)
    expect(await local.document(imageOf(record))).toMatchObject({
      status: 'failed',
      failure_type: 'malformed-request',
    })
    expect(await local.takeMessages()).toMatchObject([{ subject: imageOf(next).imageId }])
  })
})

describe('a record that is not an image is retried', () => {
  const record = cloudEvent('no-image', Buffer.from('no image'))
  const document = metadataKey(imageOf(record))
  const rejected = `rejected/${TOPIC}/${DATE}/0-15`

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

  test('S3 goes down: every partition stops, and the retry accepts the rest', async () => {
    let sent = 0
    const end = injectFaults(local.clients, (name) =>
      name === 'PutObjectCommand' && ++sent > 20 ? 'lost' : undefined,
    )
    const { answer, counts } = await local.count(...batch)
    end()
    const { batchItemFailures } = answer
    expect(batchItemFailures).toHaveLength(3)
    const rest = remaining(batchItemFailures)
    expect(rest.length).toBeGreaterThan(0)
    expect(counts).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'KafkaRecordsDeferred' })]),
    )
    expect(counts.some(({ dimensions }) => dimensions.reason === 'storage-unavailable')).toBe(true)
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
