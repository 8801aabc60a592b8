import { inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  cloudEvent,
  DATE,
  photograph,
  photographNumber,
  structuredEvent,
  TOPIC,
} from '../test/kafka-records.ts'
import { Bucket, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const photo = await photograph()
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')

describe('a rejected record that is delivered again', () => {
  test('changes nothing', async () => {
    const record = cloudEvent('twice', svg)
    const image = imageOf(record)
    await local.bridge(record)
    const first = await local.document(image)
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await local.document(image)).toEqual(first)
    expect(await local.imageKeys()).toHaveLength(2)
  })

  test('with a good image is accepted', async () => {
    await local.bridge(cloudEvent('fixed', svg))
    const fixed = cloudEvent('fixed', photo, { offset: 16 })
    await local.bridge(fixed)
    expect(await local.keys('input/')).toEqual([inputKey(imageOf(fixed))])
    expect(await local.takeMessages()).toHaveLength(1)
  })
})

describe('an accepted image keeps its status', () => {
  const accepted = async () => {
    await local.bridge(cloudEvent('same', photo))
    await local.takeMessages()
  }
  const rejectedAs = async (offset: number) =>
    (await local.get(`rejected/${TOPIC}/${DATE}/0-${offset}`)).Metadata?.reason

  test('when another record has the same id and other bytes', async () => {
    await accepted()
    await local.bridge(cloudEvent('same', await photographNumber(2), { offset: 16 }))
    const [key = ''] = await local.keys('input/')
    const stored = await local.get(key)
    expect(photo.equals((await stored.Body?.transformToByteArray()) ?? Buffer.of())).toBe(true)
    expect(await rejectedAs(16)).toBe('idempotency-key-reused')
    expect(await local.keys('metadata/')).toEqual([])
    expect(await local.takeMessages()).toEqual([])
  })

  test('when another record has the same id and no image', async () => {
    await accepted()
    await local.bridge(cloudEvent('same', svg, { offset: 16 }))
    expect(await rejectedAs(16)).toBe('unsupported-media-type')
    expect(await local.keys('metadata/')).toEqual([])
  })

  test('when the object of its claim check has been deleted', async () => {
    const record = structuredEvent({ data: { ref: `s3://${Bucket}/claims/web-app-2/none.jpg` } })
    await local.put(inputKey(imageOf(record)), photo)
    await local.bridge(record)
    expect(await rejectedAs(15)).toBe('source-expired')
    expect(await local.keys('metadata/')).toEqual([])
  })

  test('when it is processed and its original has been deleted', async () => {
    const record = cloudEvent('processed', svg)
    const key = metadataKey(imageOf(record))
    await local.put(key, '{"status":"processed"}')
    expect(await local.bridge(record)).toEqual(NO_FAILURES)
    expect(await (await local.get(key)).Body?.transformToString()).toBe('{"status":"processed"}')
  })
})
