import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { deleteEverything, everythingOf, newReceipt, openBucket, putDocument } from '@darkroom/bucket'
import { type ImageRef, inputKey, metadataKey } from '@darkroom/core'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { injectFaults } from '../test/inject-faults.ts'
import { cloudEvent, photograph, structuredEvent } from '../test/kafka-records.ts'
import { Bucket, imageOf, NO_FAILURES, type OpenBridge, openBridge } from '../test/open-bridge.ts'

let local: OpenBridge
beforeAll(async () => {
  local = await openBridge()
})
beforeEach(() => local.clear())
afterAll(() => local.stop())

const photo = await photograph()
const CLAIM = 'claims/web-app-2/summer/my photo.jpg'
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')

/** As the upload API erases. */
async function erase({ app, imageId }: ImageRef): Promise<void> {
  const bucket = openBucket(Bucket)
  const stored = await everythingOf(bucket, { app, imageId })
  await putDocument(bucket, newReceipt({ app, imageId }, 'c0ffee123456', stored.keys.length), stored.document)
  await deleteEverything(bucket, await everythingOf(bucket, { app, imageId }))
  bucket.s3.destroy()
}

const keysLeft = async () => (await local.keys('')).filter((key) => !key.startsWith('events/'))

test('an erasure deletes a claim under any name', async () => {
  const record = structuredEvent({ data: { ref: `s3://${Bucket}/${CLAIM}` } })
  const image = imageOf(record)
  await local.put(CLAIM, photo)
  await local.bridge(record)
  expect(await keysLeft()).toEqual(expect.arrayContaining([CLAIM, inputKey(image)]))
  await erase(image)
  expect(await keysLeft()).toEqual([metadataKey(image)])
})

test('an erasure deletes each rejected record of the image, and only those', async () => {
  const [record, other] = [cloudEvent('refused', svg), cloudEvent('other', svg, { offset: 17 })]
  for (const each of [record, { ...record, offset: 16 }, other]) await local.bridge(each)
  expect(await local.keys('rejected/')).toHaveLength(3)
  await erase(imageOf(record))
  expect(await local.keys('rejected/')).toEqual([expect.stringMatching(/\/0-17$/)])
})

test('a refused record leaves nothing of an image whose erasure has not deleted the original yet', async () => {
  const accepted = cloudEvent('once accepted', photo)
  const image = imageOf(accepted)
  await local.bridge(accepted)
  const bucket = openBucket(Bucket)
  const { document } = await everythingOf(bucket, image)
  await putDocument(bucket, newReceipt(image, 'c0ffee123456', 1), document)
  const listed = await everythingOf(bucket, image)
  expect(await local.bridge(cloudEvent('once accepted', svg, { offset: 16 }))).toEqual(NO_FAILURES)
  await deleteEverything(bucket, listed)
  bucket.s3.destroy()
  expect(await keysLeft()).toEqual([metadataKey(image)])
})

test('a refused record or a lost claim that is delivered again leaves nothing of an erased image', async () => {
  const refused = cloudEvent('refused', svg)
  const claimed = structuredEvent({ data: { ref: `s3://${Bucket}/${CLAIM}` } })
  await local.put(CLAIM, photo)
  for (const record of [refused, claimed]) {
    await local.bridge(record)
    await erase(imageOf(record))
    expect(await local.bridge({ ...record, offset: record.offset + 1 })).toEqual(NO_FAILURES)
  }
  const receipts = [refused, claimed].map((record) => metadataKey(imageOf(record)))
  expect(await keysLeft()).toEqual(receipts.toSorted())
})

test('two records of an erased image that are refused beside each other leave nothing', async () => {
  const record = cloudEvent('refused', svg)
  await local.bridge(record)
  await erase(imageOf(record))
  // The other record deletes all links of the image just before this one is stored.
  const stop = injectFaults(local.clients, async (command, input) => {
    const { Key = '' } = input as { Key?: string }
    if (command !== 'PutObjectCommand' || !Key.startsWith('rejected/')) return undefined
    for (const key of await local.keys('linked/'))
      await local.s3.send(new DeleteObjectCommand({ Bucket, Key: key }))
    return undefined
  })
  expect(await local.bridge({ ...record, offset: 16 })).toEqual(NO_FAILURES)
  stop()
  expect(await keysLeft()).toEqual([metadataKey(imageOf(record))])
})
