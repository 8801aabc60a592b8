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

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./sweep-inputs.ts')
const clients = await import('../clients.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})
afterEach(async () => void (await store.takeMessages()))

const sweep = (time: string) => handler({ time })
const begunAt = (time: string, app = 'web-app-1'): ImageRef => ({ app, imageId: newImageId(new Date(time)) })
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

async function putParts(image: ImageRef, bytes: Uint8Array, numbers: number[]): Promise<void> {
  const { Bucket, Key, ...object } = objectOf(image, bytes)
  const { UploadId } = await store.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...object }))
  for (const PartNumber of numbers) {
    const Body = bytes.subarray((PartNumber - 1) * PART_BYTES, PartNumber * PART_BYTES)
    await store.s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))
  }
}

test('an upload that nobody completed is completed, in every app', async () => {
  const [mine, theirs] = [
    begunAt('2026-11-20T10:00:30.000Z'),
    begunAt('2026-11-20T10:00:40.000Z', 'web-app-2'),
  ]
  for (const image of [mine, theirs]) await putUpload(image)
  expect(await sweep('2026-11-20T10:02:59.000Z')).toMatchObject({ completed: 0 })
  expect(await sweep('2026-11-20T10:03:00.000Z')).toMatchObject({ completed: 2, refused: 0 })
  for (const image of [mine, theirs]) expect(await keysOf(image)).toEqual([inputKey(image)])
  const messages = await store.takeMessages()
  expect(messages.map(({ data: { imageId, attributes } }) => ({ imageId, attributes }))).toEqual(
    expect.arrayContaining(
      [mine, theirs].map(({ imageId }) => ({ imageId, attributes: { album: 'coast' } })),
    ),
  )
  expect(await sweep('2026-11-20T10:05:00.000Z')).toMatchObject({ completed: 0, enqueued: 2 })
})

test('a slow upload is found at a later age', async () => {
  const image = begunAt('2026-11-20T10:00:30.000Z')
  await putUpload(image)
  expect(await sweep('2026-11-20T10:04:00.000Z')).toMatchObject({ completed: 0 })
  expect(await sweep('2026-11-20T10:20:00.000Z')).toMatchObject({ completed: 1 })
})

test('a multipart upload is completed if all parts are there, and otherwise left alone', async () => {
  const bytes = Buffer.concat([jpeg, Buffer.alloc(PART_BYTES)])
  const [whole, partly] = [begunAt('2026-11-20T11:00:10.000Z'), begunAt('2026-11-20T11:00:20.000Z')]
  await putParts(whole, bytes, [1, 2])
  await putParts(partly, bytes, [2])
  expect(await sweep('2026-11-20T11:03:00.000Z')).toMatchObject({ completed: 1, refused: 0 })
  expect(await keysOf(whole)).toEqual([inputKey(whole)])
  expect(await keysOf(partly)).toEqual([])
  await store.takeMessages()
})

test('an upload that is not an image is deleted, and does not stop the others', async () => {
  const [wrong, sound] = [begunAt('2026-11-20T12:00:10.000Z'), begunAt('2026-11-20T12:00:20.000Z')]
  await putUpload(wrong, Buffer.from('no image'))
  await putUpload(sound)
  expect(await sweep('2026-11-20T12:03:00.000Z')).toMatchObject({ completed: 1, refused: 1 })
  expect(await keysOf(wrong)).toEqual([])
})

test('parallel sweeps make one image of an upload', async () => {
  const image = begunAt('2026-11-20T13:00:10.000Z')
  await putUpload(image)
  const sweeps = await Promise.all(Array.from({ length: 5 }, () => sweep('2026-11-20T13:03:00.000Z')))
  expect(sweeps.reduce((sum, { completed }) => sum + completed, 0)).toBeGreaterThan(0)
  expect(await keysOf(image)).toEqual([inputKey(image)])
})

test('an upload that cannot be read is kept, and completed at its next age', async () => {
  const image = begunAt('2026-11-20T14:00:10.000Z')
  await putUpload(image)
  clients.bucket.s3.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'GetObjectCommand') throw new Error('the connection was reset')
        return next(args)
      },
    { name: 'outage', step: 'initialize' },
  )
  expect(await sweep('2026-11-20T14:03:00.000Z')).toMatchObject({ completed: 0, refused: 0 })
  clients.bucket.s3.middlewareStack.remove('outage')
  expect(await keysOf(image)).toHaveLength(1)
  expect(await sweep('2026-11-20T14:05:00.000Z')).toMatchObject({ completed: 1 })
})
