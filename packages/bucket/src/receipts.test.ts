import { CreateBucketCommand } from '@aws-sdk/client-s3'
import {
  type ImageRef,
  metadataKey,
  newImageId,
  readChainedReceipt,
  receiptHash,
  receiptKey,
} from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import { openBucket } from './bucket.ts'
import { putDocument } from './documents.ts'
import { getText } from './objects.ts'
import { chainReceipt, newReceipt, sequenceOf } from './receipts.ts'

const aws = await startLocalAws()
const bucket = openBucket('chained', {
  endpoint: aws.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  forcePathStyle: true,
})
await bucket.s3.send(new CreateBucketCommand({ Bucket: bucket.name }))
afterAll(async () => {
  bucket.s3.destroy()
  await aws.stop()
})

async function erasedImage(app: string): Promise<ImageRef> {
  const image = { app, imageId: newImageId() }
  await putDocument(bucket, newReceipt(image, 'c0ffee123456', 2))
  return image
}

const textOf = async (key: string) => (await getText(bucket, key))?.text ?? ''

test('twenty erasures at the same time become one chain, per app', async () => {
  const images = await Promise.all(Array.from({ length: 20 }, () => erasedImage('web-app-1')))
  const other = await erasedImage('web-app-2')
  await Promise.all([...images, other].map((image) => chainReceipt(bucket, image)))
  let previous = '0'.repeat(64)
  const chained = new Set<string>()
  for (let sequence = 1; sequence <= images.length; sequence++) {
    const text = await textOf(receiptKey({ app: 'web-app-1', sequence }))
    const link = readChainedReceipt(text)
    expect(link).toMatchObject({ sequence, previous })
    previous = receiptHash(text)
    chained.add(link?.imageId ?? '')
  }
  expect(chained).toEqual(new Set(images.map(({ imageId }) => imageId)))
  expect(readChainedReceipt(await textOf(receiptKey({ app: 'web-app-2', sequence: 1 })))?.imageId).toBe(
    other.imageId,
  )
})

test('a receipt is chained once, names its place, and keeps its text', async () => {
  const image = await erasedImage('web-app-3')
  const before = await textOf(metadataKey(image))
  await chainReceipt(bucket, image)
  await chainReceipt(bucket, image)
  const after = await getText(bucket, metadataKey(image))
  expect([after?.text, sequenceOf(after?.metadata ?? {})]).toEqual([before, 1])
  expect(await textOf(receiptKey({ app: 'web-app-3', sequence: 2 }))).toBe('')
})
