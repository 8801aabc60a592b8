import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
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
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals'
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

/** An id made `minutesAgo`. The sweep looks at the time when S3 received the upload, which is now. */
const begun = (minutesAgo = 0, app = 'web-app-1'): ImageRef => ({
  app,
  imageId: newImageId(new Date(Date.now() - minutesAgo * MINUTE_MS)),
})

const MINUTE_MS = 60_000
let start: number
beforeEach(() => {
  start = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
})

/**
 * The sweeps of these minutes after the start of the test. What was uploaded in the minute of the start, or in the next one
 * at the latest, is looked at in the minutes 3 and 4, and then in 5 and 6.
 */
async function sweep(from: number, to: number) {
  const done = { completed: 0, refused: 0 }
  for (let minute = from; minute <= to; minute++) {
    const { completed, refused } = await handler({ time: new Date(start + minute * MINUTE_MS).toISOString() })
    done.completed += completed
    done.refused += refused
  }
  return done
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
  expect(await sweep(0, 2)).toEqual({ completed: 0, refused: 0 })
  expect(await sweep(3, 4)).toEqual({ completed: 2, refused: 0 })
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
  expect(await sweep(3, 4)).toEqual({ completed: 1, refused: 0 })
})

test('a multipart upload is completed if all parts are there, and otherwise left alone', async () => {
  const bytes = Buffer.concat([jpeg, Buffer.alloc(PART_BYTES)])
  const [whole, partly] = [begun(), begun()]
  await putParts(whole, bytes, [1, 2])
  await putParts(partly, bytes, [2])
  expect(await sweep(3, 4)).toEqual({ completed: 1, refused: 0 })
  expect(await keysOf(whole)).toEqual([inputKey(whole)])
  expect(await keysOf(partly)).toEqual([])
})

test('a multipart upload is found behind many that are not finished', async () => {
  const image = begun(0, 'zebra')
  const unfinished = await Promise.all(Array.from({ length: 120 }, () => begunParts(begun(), jpeg)))
  await putParts(image, jpeg, [1])
  expect(await sweep(3, 4)).toEqual({ completed: 1, refused: 0 })
  expect(await keysOf(image)).toEqual([inputKey(image)])
  // Every sweep of the other tests would look at them.
  await Promise.all(unfinished.map((upload) => store.s3.send(new AbortMultipartUploadCommand(upload))))
})

test('an upload that is not an image is deleted, and does not stop the others', async () => {
  const [wrong, sound] = [begun(), begun()]
  await putUpload(wrong, Buffer.from('no image'))
  await putUpload(sound)
  expect(await sweep(3, 4)).toEqual({ completed: 1, refused: 1 })
  expect(await keysOf(wrong)).toEqual([])
})

test('parallel sweeps make one image of an upload', async () => {
  const image = begun()
  await putUpload(image)
  const sweeps = await Promise.all(Array.from({ length: 5 }, () => sweep(3, 4)))
  expect(sweeps.reduce((sum, { completed }) => sum + completed, 0)).toBeGreaterThan(0)
  expect(await keysOf(image)).toEqual([inputKey(image)])
})

test('an upload that cannot be read is kept, and completed at its next age', async () => {
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
  expect(await sweep(3, 4)).toEqual({ completed: 0, refused: 0 })
  clients.bucket.s3.middlewareStack.remove('outage')
  expect(await keysOf(image)).toHaveLength(1)
  expect(await sweep(5, 6)).toEqual({ completed: 1, refused: 0 })
})
