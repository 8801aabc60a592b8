import { createHash } from 'node:crypto'
import { fromUserMetadata, inputKey, parseInputKey, parseS3Uri } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { MSKRecord } from 'aws-lambda'
import {
  CLOUD_EVENT,
  cloudEvent,
  kafkaRecord,
  photograph,
  photographNumber,
  TOPIC,
} from '../test/kafka-records.ts'
import { Bucket, failedFrom, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('a record with an image', () => {
  test('in binary mode is stored and announced', async () => {
    const bytes = await photograph()
    const headers = { ...CLOUD_EVENT, ce_filename: 'Straße.jpg', ce_attributes: '{"album":"sommer"}' }
    const record = kafkaRecord({ value: bytes, headers, partition: 1, offset: 8 })
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    const { imageId } = imageOf(record)
    const key = inputKey({ app: 'web-app-2', imageId })
    const origin = { kind: 'kafka', topic: TOPIC, partition: 1, offset: 8 }
    const details = { app: 'web-app-2', origin, filename: 'Straße.jpg', attributes: { album: 'sommer' } }
    const sha256 = sha256Of(bytes)

    const stored = await local.get(key)
    expect(stored.ContentType).toBe('image/jpeg')
    expect(fromUserMetadata(stored.Metadata, { app: 'web-app-2', imageId })).toMatchObject({
      ...details,
      sha256,
    })
    expect(bytes.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    const messages = await local.takeMessages()
    expect(messages).toMatchObject([
      {
        source: '/darkroom/kafka-bridge',
        subject: imageId,
        data: { ...details, imageId, sha256, contentType: 'image/jpeg', bytes: bytes.length },
      },
    ])
    expect(parseS3Uri(String(messages[0]?.data.s3Uri))).toEqual({ bucket: Bucket, key })
  })

  test('as bare bytes is accepted too', async () => {
    const record = kafkaRecord({ value: await photograph() })
    await local.bridge(record)
    const { imageId } = imageOf(record)
    expect(await local.keys('input/')).toEqual([inputKey({ app: 'web-app-2', imageId })])
    expect(await local.takeMessages()).toMatchObject([{ data: { imageId, attributes: {} } }])
  })

  test('that is delivered twice is one image and one object', async () => {
    const record = cloudEvent('twice', await photograph())
    await local.bridge(record)
    const [key = ''] = await local.imageKeys()
    const first = await local.get(key)
    await local.takeMessages()
    await local.bridge({ ...record, offset: 99 })
    expect(await local.imageKeys()).toEqual([key])
    expect(await local.get(key)).toMatchObject({ LastModified: first.LastModified, Metadata: first.Metadata })
    const { acceptedAt } = fromUserMetadata(first.Metadata, parseInputKey(key) ?? { app: '', imageId: '' })
    expect(await local.takeMessages()).toMatchObject([{ data: { acceptedAt, origin: { offset: 15 } } }])
  })
})

describe('partitions', () => {
  const batch = async (partition: number, count: number) =>
    Array.from({ length: count }, async (_, n) =>
      cloudEvent(`p${partition}-${n}`, await photographNumber(n), { partition, offset: n }),
    )

  test('are each processed in order', async () => {
    const records = await Promise.all([...(await batch(0, 6)), ...(await batch(1, 6))])
    await local.bridge(...records)
    const stored = local
      .spy()
      .getAllMessages()
      .flatMap((event) => (event.service === 's3' && event.status === 'uploaded' ? [event.key] : []))
      .filter(parseInputKey)
    const imageIds = stored.map((key) => parseInputKey(key)?.imageId)
    for (const partition of [0, 1]) {
      const own = records
        .filter((record) => record.partition === partition)
        .map((record) => imageOf(record).imageId)
      expect(imageIds.filter((id) => id && own.includes(id))).toEqual(own)
    }
    expect(stored).toHaveLength(12)
  })

  /** Puts an unreadable object under the record's key: an error on our side that does not go away. */
  const block = (record: MSKRecord) => local.put(inputKey(imageOf(record)), 'of unknown origin')

  test('stop independently, each at its first failure', async () => {
    const [first, stuck, ...later] = await Promise.all(await batch(0, 4))
    const others = await Promise.all(await batch(1, 8))
    const [alsoStuck] = await Promise.all(await batch(2, 2))
    if (!first || !stuck || !alsoStuck) throw new Error('no batch')
    await block(stuck)
    await block(alsoStuck)
    const { batchItemFailures } = await local.bridge(first, stuck, ...later, ...others, alsoStuck)
    expect(batchItemFailures).toEqual([failedFrom(1, 0), failedFrom(0, 2)])
    const messages = await local.takeMessages()
    expect(messages).toHaveLength(9)
    expect(
      messages.filter(({ data }) => 'partition' in data.origin && data.origin.partition === 0),
    ).toMatchObject([{ data: { origin: { offset: 0 } } }])
    expect(await local.keys('input/')).toHaveLength(11)
    expect(await local.keys('rejected/')).toEqual([])
  })
})
