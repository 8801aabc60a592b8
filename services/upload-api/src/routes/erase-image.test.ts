import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import {
  claimKey,
  hashKey,
  holdKey,
  type ImageRef,
  ImageStatus,
  inputKey,
  metadataKey,
  newImageId,
  processedKey,
  uploadKey,
} from '@darkroom/core'

import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, describe, expect, test } from '@jest/globals'
import { processedDocument, refusedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./erase-image.ts')
const { handler: getImage } = await import('./get-image.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const app = 'web-app-1'
const erase = (id: string, from = app) => send(handler, { method: 'DELETE', app: from, id })
const newImage = (): ImageRef => ({ app, imageId: newImageId() })

async function keysOf({ imageId }: ImageRef): Promise<string[]> {
  return (await store.storedKeys()).filter((key) => key.includes(imageId))
}

async function processedImage(): Promise<ImageRef> {
  const image = newImage()
  await store.putInput({ ...image, filename: 'IMG_0001.JPG' })
  for (const variant of ['thumb', 'large'])
    await store.put(processedKey({ ...image, variant, extension: 'jpg' }), 'x')
  await store.putDocument(processedDocument(image))
  return image
}

test('everything of a processed image is deleted; a receipt without personal data stays', async () => {
  const image = await processedImage()
  await store.put(claimKey(image), 'bytes')
  const { status, body } = await erase(image.imageId)
  expect(status).toBe(200)
  expect(ImageStatus.parse(body)).toEqual(body)
  expect(body).toEqual({
    id: image.imageId,
    app,
    status: 'erased',
    acceptedAt: expect.any(String),
    original: {},
    erasure: { at: expect.any(String), by: 'c0ffee1234567890', objects: 4, complete: true },
  })
  expect(await keysOf(image)).toEqual([metadataKey(image)])
  expect((await send(getImage, { app, id: image.imageId })).body).toEqual(body)
})

test('every erasure is one more receipt in the chain of its app', async () => {
  const chain = async () => (await store.storedKeys()).filter((key) => key.startsWith(`receipts/${app}/`))
  const before = (await chain()).length
  const image = await processedImage()
  await erase(image.imageId)
  await erase(image.imageId)
  expect(await chain()).toHaveLength(before + 1)
})

test('the entry for its hash is deleted, unless it names another image', async () => {
  const [waiting, processed, other] = [newImage(), await processedImage(), newImage()]
  await store.putInput(waiting)
  const hashes = { waiting: 'ab'.repeat(32), processed: 'cd'.repeat(32) }
  await store.put(hashKey({ app, sha256: hashes.waiting }), waiting.imageId)
  await store.put(hashKey({ app, sha256: hashes.processed }), processed.imageId)
  for (const { imageId } of [waiting, processed]) await erase(imageId)
  expect((await store.storedKeys()).filter((key) => key.startsWith('hashes/'))).toEqual([])

  await store.putInput(other)
  await store.put(hashKey({ app, sha256: hashes.waiting }), newImageId())
  await erase(other.imageId)
  expect(await store.storedKeys()).toContain(hashKey({ app, sha256: hashes.waiting }))
})

test('ten parallel requests and a repeated one get the same receipt', async () => {
  const image = await processedImage()
  const answers = await Promise.all(Array.from({ length: 10 }, () => erase(image.imageId)))
  answers.push(await erase(image.imageId))
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  expect(await keysOf(image)).toEqual([metadataKey(image)])
})

test('an original stored again under the id is deleted too, and the entry for its hash', async () => {
  const image = await processedImage()
  const { body } = await erase(image.imageId)
  await store.putInput(image)
  const entry = hashKey({ app, sha256: 'ab'.repeat(32) })
  await store.put(entry, image.imageId)
  expect((await erase(image.imageId)).body).toEqual(body)
  expect(await keysOf(image)).toEqual([metadataKey(image)])
  expect(await store.storedKeys()).not.toContain(entry)
})

test('a queued image and a refused one can be erased', async () => {
  const [waiting, refused] = [newImage(), newImage()]
  await store.putInput(waiting)
  await store.putDocument(refusedDocument(refused))
  expect((await erase(waiting.imageId)).body.erasure).toMatchObject({ objects: 1 })
  expect((await erase(refused.imageId)).body.erasure).toMatchObject({ objects: 0 })
  expect(await keysOf(waiting)).toEqual([metadataKey(waiting)])
})

test('an image of another app, an unknown one and a request without a credential are refused', async () => {
  const image = await processedImage()
  const before = await keysOf(image)
  const theirs = await erase(image.imageId, 'web-app-2')
  const unknown = await erase(newImageId(), 'web-app-2')
  for (const { status, body } of [theirs, unknown, await erase('no-id')]) {
    expect([status, body.type]).toEqual([404, expect.stringMatching(/not-found$/)])
  }
  expect((await send(handler, { method: 'DELETE', id: image.imageId })).status).toBe(401)
  const past = newImageId(new Date(Date.now() - 91 * 86_400_000))
  expect((await erase(past, 'brief')).status).toBe(410)
  expect(await keysOf(image)).toEqual(before)
  expect(inputKey(image)).toBe(before.find((key) => key.startsWith('input/')))
})

describe('what is stored can be erased whatever the time in its id:', () => {
  const DAY_MS = 86_400_000
  const now = new Date().toISOString()
  const brief = 'brief' // 90 days: testing/open-store.ts
  const kinds: [string, (image: ImageRef) => Promise<unknown>][] = [
    ['an image with an unreadable document', (image) => store.put(metadataKey(image), '{"status": ')],
    ['a finished image', (image) => store.putDocument({ ...processedDocument(image), accepted_at: now })],
    ['a queued image', (image) => store.putInput({ ...image, acceptedAt: now })],
    ['a finished image past its retention', (image) => store.putDocument(processedDocument(image))],
    ['a queued image past its retention', (image) => store.putInput(image)],
    ['a direct upload', (image) => store.put(uploadKey({ ...image, bytes: 5 }), 'bytes')],
    ['variants without a document', (image) => store.put(variantOf(image), 'bytes')],
    ['a claim that no record refers to', (image) => store.put(claimKey(image), 'bytes')],
  ]
  const variantOf = (image: ImageRef) => processedKey({ ...image, variant: 'thumb', extension: 'jpg' })
  const times: [string, () => Date][] = [
    ['1970', () => new Date(1)],
    ['9999', () => new Date('9999-12-31T23:59:59.999Z')],
    ['91 days ago', () => new Date(Date.now() - 91 * DAY_MS)],
  ]

  describe.each(times)('in %s', (_, time) => {
    test.each(kinds)('%s', async (_, put) => {
      const image = { app: brief, imageId: newImageId(time()) }
      await put(image)
      const { status, body } = await erase(image.imageId, brief)
      expect([status, body.status]).toEqual([200, 'erased'])
      expect(await keysOf(image)).toEqual([metadataKey(image)])
      for (const answer of [
        await erase(image.imageId, brief),
        await send(getImage, { app: brief, id: image.imageId }),
      ])
        expect([answer.status, answer.body]).toEqual([200, body])
    })
  })

  test.each(kinds.slice(1, 3))(
    'the receipt of %s has the time of acceptance, not that of the id',
    async (_, put) => {
      const image = { app: brief, imageId: newImageId(new Date(Date.now() - DAY_MS / 2)) }
      await put(image)
      const { body } = await erase(image.imageId, brief)
      expect(body).toMatchObject({ status: 'erased', acceptedAt: now })
    },
  )

  test('also for its uploader, and for nobody else', async () => {
    const image = { app: brief, imageId: newImageId(new Date(1)) }
    await store.putDocument({ ...processedDocument(image), uploader: 'alice' })
    const by = (uploader: string) =>
      send(handler, {
        method: 'DELETE',
        app: brief,
        id: image.imageId,
        caller: { kind: 'token', uploader, scopes: 'erase' },
      })
    expect((await by('bob')).status).toBe(410)
    expect(await keysOf(image)).toEqual([metadataKey(image)])
    expect((await by('alice')).body.status).toBe('erased')
  })

  test('an erasure that stopped is completed', async () => {
    const image = { app: brief, imageId: newImageId(new Date(1)) }
    await store.put(metadataKey(image), 'unreadable')
    await store.putInput(image)
    const { completeErasure } = await import('../erasure/erase.ts')
    await completeErasure({ ...image, request: crypto.randomUUID() }, 'c0ffee1234567890')
    expect(await keysOf(image)).toEqual([metadataKey(image)])
  })
})

test('direct uploads are deleted, multipart ones too, with or without an accepted image', async () => {
  const [onlyUploaded, both] = [newImage(), await processedImage()]
  for (const image of [onlyUploaded, both]) {
    await store.put(uploadKey({ ...image, bytes: 5 }), 'bytes')
    const Key = uploadKey({ ...image, bytes: 6 })
    await store.s3.send(new CreateMultipartUploadCommand({ Bucket: store.bucket, Key }))
  }
  expect((await erase(onlyUploaded.imageId)).body.erasure).toMatchObject({ objects: 1 })
  expect((await erase(both.imageId)).body.erasure).toMatchObject({ objects: 4 })
  for (const image of [onlyUploaded, both]) expect(await keysOf(image)).toEqual([metadataKey(image)])
  const list = new ListMultipartUploadsCommand({ Bucket: store.bucket })
  expect((await store.s3.send(list)).Uploads ?? []).toEqual([])
})

test('is refused during a legal hold, with the reason', async () => {
  const image = await processedImage()
  await store.put(holdKey(image), '{}')
  const before = await keysOf(image)
  const { status, body } = await erase(image.imageId)
  expect([status, body.type]).toEqual([409, 'urn:problem-type:darkroom:legal-hold'])
  expect(body.detail).toMatch(/legal hold/)
  expect(await keysOf(image)).toEqual(before)
  await store.remove(holdKey(image))
  expect((await erase(image.imageId)).status).toBe(200)
})
