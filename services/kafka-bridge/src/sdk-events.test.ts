import { createHash } from 'node:crypto'
import { DeleteBucketCommand } from '@aws-sdk/client-s3'
import { inputKey } from '@darkroom/core'
import { createIntake } from '@darkroom/intake'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { CloudEvent, type CloudEventV1, Kafka } from 'cloudevents'
import {
  CLOUD_EVENT,
  DATE,
  fromSdk,
  kafkaRecord,
  photograph,
  SDK_EVENT,
  TOPIC,
} from '../test/kafka-records.ts'
import {
  APPS,
  Bucket,
  failedFrom,
  imageOf,
  NO_FAILURES,
  type OpenBridge,
  openBridge,
} from '../test/open-bridge.ts'
import { toArrival } from './claim-checks.ts'
import { identifyRecord } from './identify-record.ts'
import { readSubmission } from './submission.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('an event from the CloudEvents SDK', () => {
  const event = (more: Partial<CloudEventV1<unknown>>) =>
    new CloudEvent({ ...SDK_EVENT, time: CLOUD_EVENT.ce_time, ...more })
  const details = { filename: 'Straße.jpg', attributes: { album: 'sommer' } }
  const extensions = { filename: details.filename, attributes: JSON.stringify(details.attributes) }

  test.each(['binary', 'structured'] as const)('in %s mode is accepted as the same image', async (mode) => {
    const bytes = await photograph()
    const data = new Uint8Array(bytes)
    await local.bridge(fromSdk(Kafka[mode](event({ ...extensions, datacontenttype: 'image/jpeg', data }))))
    const { imageId } = imageOf(kafkaRecord({ value: bytes, headers: CLOUD_EVENT }))
    expect(await local.takeMessages()).toMatchObject([{ data: { ...details, imageId, bytes: bytes.length } }])
    const stored = await local.get(inputKey({ app: 'web-app-2', imageId }))
    expect(bytes.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
  })

  test('with an image of another type than declared is refused', async () => {
    const data = new Uint8Array(await photograph())
    await local.bridge(fromSdk(Kafka.structured(event({ datacontenttype: 'image/png', data }))))
    const rejected = await local.get(`rejected/${TOPIC}/${DATE}/0-15`)
    expect(rejected.Metadata).toMatchObject({ reason: 'type-mismatch' })
  })

  describe('with a claim check', () => {
    const claim = (ref: string) => fromSdk(Kafka.structured(event({ ...extensions, data: { ref } })))
    const own = `s3://${Bucket}/claims/web-app-2/IMG 0001+ü?.jpg`
    const ownKey = own.slice(`s3://${Bucket}/`.length)
    const reasonOf = async () => (await local.get(`rejected/${TOPIC}/${DATE}/0-15`)).Metadata?.reason

    test('is accepted with the bytes of the object', async () => {
      const bytes = await photograph()
      await local.put(ownKey, bytes)
      expect(await local.bridge(claim(own))).toEqual(NO_FAILURES)
      const { imageId } = imageOf(claim(own))
      expect(await local.takeMessages()).toMatchObject([
        { data: { ...details, imageId, bytes: bytes.length, sha256: sha256Of(bytes) } },
      ])
      const stored = await local.get(inputKey({ app: 'web-app-2', imageId }))
      expect(bytes.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    })

    test.each(['claims/web-app-1/a.jpg', 'input/web-app-2/a.jpg', 'claims/web-app-2/../web-app-1/a.jpg'])(
      'to %s is refused, although there is an image',
      async (key) => {
        await local.put(key, await photograph())
        expect(await local.bridge(claim(`s3://${Bucket}/${key}`))).toEqual(NO_FAILURES)
        expect(await reasonOf()).toBe('malformed-request')
        expect(await local.takeMessages()).toEqual([])
      },
    )

    test('to a missing object is refused', async () => {
      expect(await local.bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await reasonOf()).toBe('source-expired')
    })

    test('to an empty object, or to no image, is refused', async () => {
      await local.put(ownKey, Buffer.of())
      await local.bridge(claim(own))
      expect(await reasonOf()).toBe('empty-body')
      await local.put(ownKey, Buffer.from('no image'))
      await local.bridge(claim(own))
      expect(await reasonOf()).toBe('unsupported-media-type')
    })

    test('can refer to 50 MB and not to a byte more', async () => {
      const bytes = Buffer.concat([await photograph(), Buffer.alloc(50 * 1024 * 1024)])
      await local.put(ownKey, bytes.subarray(0, 50 * 1024 * 1024 + 1))
      expect(await local.bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await reasonOf()).toBe('payload-too-large')
      expect(await local.takeMessages()).toEqual([])
      await local.put(ownKey, bytes.subarray(0, 50 * 1024 * 1024))
      expect(await local.bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await local.takeMessages()).toMatchObject([{ data: { bytes: 50 * 1024 * 1024 } }])
    })

    test('is retried while S3 does not answer', async () => {
      await local.stop()
      expect(await local.bridge(claim(own))).toEqual({ batchItemFailures: [failedFrom(15)] })
      await local.clear()
      await local.put(ownKey, await photograph())
      expect(await local.bridge(claim(own))).toEqual(NO_FAILURES)
      expect(await local.takeMessages()).toHaveLength(1)
    })

    // In these cases a rejection could not be stored either, so the handler's response would be the same.
    test.each<[string, () => Promise<unknown>]>([
      ['S3 is down', () => local.stop()],
      ['the bucket is missing', () => local.s3.send(new DeleteBucketCommand({ Bucket }))],
    ])('does not count as expired while %s', async (_, fail) => {
      const clients = await import('./clients.ts')
      const acceptImage = createIntake({
        ...clients,
        queueUrl: '',
        source: '/darkroom/test',
        onUnsent: () => {},
      })
      const arrival = toArrival(
        await readSubmission({ ...identifyRecord(claim(own), APPS), ...imageOf(claim(own)) }),
        Bucket,
      )
      await fail()
      await expect(acceptImage(arrival)).rejects.toMatchObject({
        slug: 'storage-unavailable',
        retryable: true,
      })
    })
  })
})
