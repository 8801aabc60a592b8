import { type ImageRef, metadataKey, newImageId, processedKey } from '@darkroom/core'
import { afterEach, expect, jest, test } from '@jest/globals'
import { newReceipt } from './receipts.ts'
import { openTestBucket } from './testing/open-test-bucket.ts'
import { tidyVariants } from './variants.ts'

const { bucket, put, storedKeys } = await openTestBucket()
afterEach(() => void jest.restoreAllMocks())

const variantOf = (image: ImageRef, development: string) =>
  processedKey({ ...image, variant: 'thumb', development, extension: 'webp' })

/** What an attempt that lost has written. */
async function putVariant(image: ImageRef, development: string): Promise<string> {
  const key = variantOf(image, development)
  await put(key, 'pixels')
  return key
}

async function erasedImage(): Promise<ImageRef> {
  const image = { app: 'web-app-1', imageId: newImageId() }
  await put(metadataKey(image), JSON.stringify(newReceipt(image, 'c0ffee123456', 1)))
  return image
}

const passMinutes = (minutes: number) =>
  void jest.spyOn(Date, 'now').mockReturnValue(Date.now() + minutes * 60_000)

test('a new document is looked at again, because attempts that began before it can still write variants', async () => {
  const image = await erasedImage()
  expect(await tidyVariants(bucket, image)).toBe(false)
  passMinutes(3)
  expect(await tidyVariants(bucket, image)).toBe(true)
})

test('a variant that no document lists is deleted when no attempt can commit it any more', async () => {
  const image = await erasedImage()
  const key = await putVariant(image, '0a1b2c3d-default-v1')
  expect(await tidyVariants(bucket, image)).toBe(false)
  expect(await storedKeys()).toContain(key)
  passMinutes(3)
  expect(await tidyVariants(bucket, image)).toBe(true)
  expect(await storedKeys()).not.toContain(key)
})

test('variants of an image that is not finished stay: whoever commits it tidies', async () => {
  const image = { app: 'web-app-1', imageId: newImageId() }
  const key = await putVariant(image, '0a1b2c3d-default-v1')
  passMinutes(3)
  expect(await tidyVariants(bucket, image)).toBe(true)
  expect(await storedKeys()).toContain(key)
})
