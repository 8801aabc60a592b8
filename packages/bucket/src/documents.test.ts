import { inputKey, metadataKey, newImageId } from '@darkroom/core'
import { expect, test } from '@jest/globals'
import { getDocument, putDocument } from './documents.ts'
import { newReceipt } from './receipts.ts'
import { openTestBucket } from './testing/open-test-bucket.ts'

const { bucket, put } = await openTestBucket()

const receiptOf = (imageId: string, by = 'c0ffee123456') => newReceipt({ app: 'web-app-1', imageId }, by, 4)

test('a new document is written, and read back with its ETag', async () => {
  const image = { app: 'web-app-1', imageId: newImageId() }
  expect(await getDocument(bucket, image)).toBeUndefined()
  const document = receiptOf(image.imageId)
  expect(await putDocument(bucket, document)).toBe(true)
  expect(await getDocument(bucket, image)).toEqual({
    document,
    etag: expect.stringMatching(/^"\w+"$/),
    written: expect.any(Date),
  })
})

test('only the writer that read the stored document replaces it', async () => {
  const image = { app: 'web-app-1', imageId: newImageId() }
  await putDocument(bucket, receiptOf(image.imageId))
  const seen = await getDocument(bucket, image)
  expect(await putDocument(bucket, receiptOf(image.imageId, 'second'))).toBe(false)
  expect(await putDocument(bucket, receiptOf(image.imageId, 'second'), seen)).toBe(true)
  expect(await putDocument(bucket, receiptOf(image.imageId, 'third'), seen)).toBe(false)
  expect(await getDocument(bucket, image)).toMatchObject({ document: { erased_by: 'second' } })
})

test('a deleted document cannot be replaced', async () => {
  expect(await putDocument(bucket, receiptOf(newImageId()), { etag: '"0123"' })).toBe(false)
})

test('an unreadable document comes with the reason, and can be replaced', async () => {
  const image = { app: 'web-app-1', imageId: newImageId() }
  await put(metadataKey(image), '{"image_id": "cut o')
  const found = await getDocument(bucket, image)
  expect(found).toMatchObject({ unreadable: expect.stringContaining('JSON'), etag: expect.any(String) })
  expect(await putDocument(bucket, receiptOf(image.imageId), found)).toBe(true)
})

test('one that lists keys of another image as variants is read without them, and the reader reports them', async () => {
  const image = { app: 'web-app-1', imageId: newImageId() }
  const foreign = inputKey({ ...image, app: 'web-app-2' })
  const variant = { name: 'thumb', key: foreign, content_type: 'image/webp', width: 1, height: 1, bytes: 1 }
  const document = {
    ...receiptOf(image.imageId),
    status: 'processed',
    ...{ finished_at: '2026-11-23T11:00:00.000Z', origin: 'http', attributes: {} },
    ...{ content_type: 'image/png', bytes: 1, sha256: 'ab'.repeat(32) },
    ...{ queued_ms: 1, processing_ms: 1, receive_count: 1, width: 1, height: 1, had_location: false },
    ...{ thumbhash: '', dominant_color: '#000000', perceptual_hash: '0'.repeat(16) },
    ...{ preset: 'default', preset_version: 1, variants: [variant], variants_bytes: 1 },
  }
  await put(metadataKey(image), JSON.stringify(document))
  const reported: string[][] = []
  const found = await getDocument({ ...bucket, onUnreadable: (...report) => reported.push(report) }, image)
  expect(found?.document).toMatchObject({ status: 'processed', variants: [] })
  expect(reported).toEqual([[metadataKey(image), expect.stringContaining(foreign)]])
})

test('a bucket that does not exist is an outage, not a missing document', async () => {
  const image = { app: 'web-app-1', imageId: newImageId() }
  const nowhere = { ...bucket, name: 'no-such-bucket' }
  const unavailable = { slug: 'storage-unavailable', cause: { name: 'NoSuchBucket' } }
  await expect(getDocument(nowhere, image)).rejects.toMatchObject(unavailable)
  await expect(putDocument(nowhere, receiptOf(image.imageId))).rejects.toMatchObject(unavailable)
})
