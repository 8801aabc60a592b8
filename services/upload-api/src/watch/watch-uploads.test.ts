import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import {
  type ImageRef,
  inputKey,
  newImageId,
  PART_BYTES,
  toUserMetadata,
  type UploadMetadata,
  uploadKey,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, expect, test } from '@jest/globals'
import { openStore } from '../testing/open-store.ts'
import { jpeg } from '../testing/sample-images.ts'
import { watchEvent } from '../testing/watch-event.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./watch-images.ts')
const { handler: reconcile } = await import('./reconcile.ts')
const clients = await import('../clients.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})
afterEach(async () => void (await store.takeMessages()))

const MINUTE_MS = 60_000

/** An id made `minutesAgo`. */
const begun = (minutesAgo = 0, app = 'web-app-1'): ImageRef => ({
  app,
  imageId: newImageId(new Date(Date.now() - minutesAgo * MINUTE_MS)),
})

/** Lets the function look at S3's event of each upload. @returns the images that it has to look at again */
async function look(images: ImageRef[], bytes: Uint8Array = jpeg): Promise<ImageRef[]> {
  const left: ImageRef[] = []
  for (const image of images) {
    const { Key } = objectOf(image, bytes)
    if ((await handler(watchEvent(store.bucket, Key))).batchItemFailures.length > 0) left.push(image)
  }
  return left
}

const keysOf = async ({ imageId }: ImageRef) =>
  (await store.storedKeys()).filter((key) => key.includes(imageId))

const objectOf = (image: ImageRef, bytes: Uint8Array) => {
  const metadata: UploadMetadata = {
    app: image.app,
    origin: { kind: 'http' },
    attributes: { album: 'coast' },
  }
  return {
    Bucket: store.bucket,
    Key: uploadKey({ ...image, bytes: bytes.length }),
    ContentType: 'image/jpeg',
    Metadata: toUserMetadata(metadata),
  }
}

/** Like a client that stops after it has sent the last byte. */
async function putUpload(image: ImageRef, bytes: Uint8Array = jpeg): Promise<void> {
  const { Bucket: _, Key, ...object } = objectOf(image, bytes)
  await store.put(Key, bytes, object)
}

/** A multipart upload of which S3 has no part yet. */
async function begunParts(image: ImageRef, bytes: Uint8Array) {
  const { Bucket, Key, ...object } = objectOf(image, bytes)
  const { UploadId } = await store.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...object }))
  return { Bucket, Key, UploadId }
}

async function putParts(image: ImageRef, bytes: Uint8Array, numbers: number[]): Promise<void> {
  const upload = await begunParts(image, bytes)
  for (const PartNumber of numbers) {
    const Body = bytes.subarray((PartNumber - 1) * PART_BYTES, PartNumber * PART_BYTES)
    await store.s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }))
  }
}

test('an upload that nobody completed is completed, in every app', async () => {
  const [mine, theirs] = [begun(), begun(0, 'web-app-2')]
  for (const image of [mine, theirs]) await putUpload(image)
  expect(await look([mine, theirs])).toEqual([])
  for (const image of [mine, theirs]) expect(await keysOf(image)).toEqual([inputKey(image)])
  const messages = await store.takeMessages()
  expect(messages.map(({ data: { imageId, attributes } }) => ({ imageId, attributes }))).toEqual(
    expect.arrayContaining(
      [mine, theirs].map(({ imageId }) => ({ imageId, attributes: { album: 'coast' } })),
    ),
  )
})

test.each([
  ['hours ago, because the client was slow or its clock is', 300],
  ['in the future', -4],
])('the time in the id does not matter: %s', async (_, minutesAgo) => {
  const image = begun(minutesAgo)
  await putUpload(image)
  expect(await look([image])).toEqual([])
  expect(await keysOf(image)).toEqual([inputKey(image)])
})

test('the daily reconcile completes a multipart upload if all parts are there, and leaves others alone', async () => {
  const bytes = Buffer.concat([jpeg, Buffer.alloc(PART_BYTES)])
  const [whole, partly] = [begun(), begun()]
  await putParts(whole, bytes, [1, 2])
  await putParts(partly, bytes, [2])
  await reconcile({ time: new Date().toISOString() })
  expect(await keysOf(whole)).toEqual([])
  await reconcile({ time: new Date(Date.now() + 120 * MINUTE_MS).toISOString() })
  expect(await keysOf(whole)).toEqual([inputKey(whole)])
  expect(await keysOf(partly)).toEqual([])
})

test('an upload that is not an image is deleted, and does not stop the others', async () => {
  const [wrong, sound] = [begun(), begun()]
  const bytes = Buffer.from('no image')
  await putUpload(wrong, bytes)
  await putUpload(sound)
  expect(await look([wrong], bytes)).toEqual([])
  expect(await look([sound])).toEqual([])
  expect(await keysOf(wrong)).toEqual([])
  expect(await keysOf(sound)).toEqual([inputKey(sound)])
})

test('an upload that its client has completed meanwhile is done', async () => {
  const image = begun()
  expect(await look([image])).toEqual([])
  expect(await keysOf(image)).toEqual([])
})

test('parallel looks make one image of an upload', async () => {
  const image = begun()
  await putUpload(image)
  await Promise.all(Array.from({ length: 5 }, () => look([image])))
  expect(await keysOf(image)).toEqual([inputKey(image)])
})

test('an upload that cannot be read is kept, and completed at the next look', async () => {
  const image = begun()
  await putUpload(image)
  clients.bucket.s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'GetObjectCommand') throw new Error('the connection was reset')
        return next(args)
      },
    { name: 'outage', step: 'initialize' },
  )
  expect(await look([image])).toEqual([image])
  clients.bucket.s3.middlewareStack.remove('outage')
  expect(await keysOf(image)).toHaveLength(1)
  expect(await look([image])).toEqual([])
  expect(await keysOf(image)).toEqual([inputKey(image)])
})
