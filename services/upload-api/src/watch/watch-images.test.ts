import { randomUUID } from 'node:crypto'
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { newReceipt } from '@darkroom/bucket'
import {
  erasureKey,
  hashKey,
  type ImageRef,
  inputKey,
  metadataKey,
  newImageId,
  processedKey,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { failedDocument, processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'
import { watchEvent } from '../testing/watch-event.ts'

const DAY_MS = 86_400_000

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./watch-images.ts')
beforeAll(() => store.notifyWatchQueue())
afterAll(async () => {
  await store.close()
  await aws.stop()
})
beforeEach(async () => {
  while ((await store.takeMessages()).length > 0);
  for (;;) {
    const left = await store.receiveWatched()
    if (left.length === 0) return
    await store.deleteWatched(left)
  }
})

const newImage = (app = 'web-app-1', time = new Date()): ImageRef => ({ app, imageId: newImageId(time) })
const subjects = async () => (await store.takeMessages()).map(({ subject }) => subject)

/** Receives S3's events and lets the function handle them, as Lambda does. @returns how many are not done */
async function look(): Promise<number> {
  const Records = await store.receiveWatched()
  const { batchItemFailures } = await handler({ Records })
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  await store.deleteWatched(Records.filter(({ messageId }) => !failed.has(messageId)))
  return failed.size
}

test('S3 sends an event of an original; without a document its message is sent again, and it is looked at again', async () => {
  const image = newImage()
  await store.putInput({ ...image, filename: 'IMG_0001.JPG' })
  expect(await look()).toBe(1)
  expect(await store.takeMessages()).toMatchObject([
    {
      type: 'image.accepted.v1',
      subject: image.imageId,
      data: {
        ...image,
        s3Uri: `s3://${store.bucket}/${inputKey(image)}`,
        contentType: 'image/jpeg',
        bytes: 5,
        filename: 'IMG_0001.JPG',
        sha256: 'ab'.repeat(32),
      },
    },
  ])
})

test.each([
  ['first', 0, 120],
  ['minutes later', 8 * 60_000, 480],
  ['days later', 2 * DAY_MS, 42_900],
])('the next look is when the event is twice as old: %s', async (_, ageMs, seconds) => {
  const image = newImage()
  await store.putInput(image)
  const [record] = await store.receiveWatched()
  if (!record) throw new Error('no event')
  const changes: unknown[] = []
  const { sqs } = await import('../clients.ts')
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === 'ChangeMessageVisibilityCommand') changes.push(args.input)
        return next(args)
      },
    { name: 'spy', step: 'initialize' },
  )
  const SentTimestamp = String(Date.now() - ageMs)
  await handler({ Records: [{ ...record, attributes: { ...record.attributes, SentTimestamp } }] })
  sqs.middlewareStack.remove('spy')
  expect(changes).toEqual([
    expect.objectContaining({ ReceiptHandle: record.receiptHandle, VisibilityTimeout: expect.any(Number) }),
  ])
  const [{ VisibilityTimeout }] = changes as [{ VisibilityTimeout: number }]
  expect(VisibilityTimeout).toBeGreaterThanOrEqual(seconds)
  expect(VisibilityTimeout).toBeLessThan(seconds + 60)
})

test('finished images are done', async () => {
  const [processed, failed, lost] = [newImage(), newImage(), newImage('web-app-2')]
  for (const image of [processed, failed, lost]) await store.putInput(image)
  await store.putDocument(processedDocument(processed))
  await store.putDocument(failedDocument(failed))
  expect(await look()).toBe(1)
  expect(await subjects()).toEqual([lost.imageId])
})

test('an original that was deleted meanwhile is done', async () => {
  const image = newImage()
  await store.putInput(image)
  await store.remove(inputKey(image))
  expect(await look()).toBe(0)
  expect(await subjects()).toEqual([])
})

test('an original stored again after its image was erased gets a message until the processor has deleted it', async () => {
  const image = newImage()
  await store.putDocument(newReceipt(image, 'c0ffee123456', 1))
  await store.putInput(image)
  expect(await look()).toBe(1)
  expect(await subjects()).toEqual([image.imageId])
  await store.remove(inputKey(image))
  expect((await handler(watchEvent(store.bucket, inputKey(image)))).batchItemFailures).toEqual([])
})

test('an original past its retention is left to S3', async () => {
  const past = newImage('brief', new Date(Date.now() - 8 * DAY_MS))
  await store.putInput(past)
  expect(await look()).toBe(0)
  expect(await subjects()).toEqual([])
})

describe('while the image queue is behind', () => {
  test('nothing is added to it, and images are looked at later', async () => {
    const image = newImage()
    await store.putInput(image)
    const fill = Array.from({ length: 101 }, () =>
      store.sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: '{}' })),
    )
    await Promise.all(fill)
    expect(await look()).toBe(1)
    const { Attributes } = await store.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: process.env.QUEUE_URL,
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    )
    expect(Attributes?.ApproximateNumberOfMessages).toBe('101')
    // After three days it is not given up: its event is sent again, and the queue keeps that for four days more.
    const { Records } = watchEvent(store.bucket, inputKey(image), 3 * DAY_MS)
    expect((await handler({ Records })).batchItemFailures).toEqual([])
    expect((await store.receiveWatched()).map(({ body }) => body)).toEqual(Records.map(({ body }) => body))
    expect(await store.takeParked()).toEqual([])
    await store.purge()
    expect((await handler(watchEvent(store.bucket, inputKey(image)))).batchItemFailures).toHaveLength(1)
    expect(await subjects()).toEqual([image.imageId])
  })
})

test('an image that is not finished for three days is parked with its message', async () => {
  const image = newImage()
  await store.putInput(image)
  const event = watchEvent(store.bucket, inputKey(image), 3 * DAY_MS)
  expect((await handler(event)).batchItemFailures).toEqual([])
  expect((await store.takeParked()).map((body) => JSON.parse(body).subject)).toEqual([image.imageId])
})

test('events doubled and in any order are harmless', async () => {
  const [finished, lost] = [newImage(), newImage()]
  for (const image of [finished, lost]) await store.putInput(image)
  await store.putDocument(processedDocument(finished))
  const events = [lost, finished, lost, finished].map((image) => watchEvent(store.bucket, inputKey(image)))
  const Records = events.flatMap((event) => event.Records)
  const { batchItemFailures } = await handler({ Records })
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
    inputKey(lost),
    inputKey(lost),
  ])
})

test.each([
  [
    "S3's test event",
    JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'darkroom-test' }),
  ],
  ['text that is not JSON', 'hello'],
  ['another JSON', '[1]'],
  ['a key that is not encoded', JSON.stringify({ Records: [recordOf('input/%E0%A4%A')] })],
  ['a key of no image', JSON.stringify({ Records: [recordOf('input/web-app-1/index.html')] })],
  ['an object of another bucket', JSON.stringify({ Records: [recordOf('input/a/b', 'other')] })],
])('%s is done, and does not stop the others', async (_, body) => {
  const lost = newImage()
  await store.putInput(lost)
  const [odd, event] = [watchEvent(store.bucket, 'odd'), watchEvent(store.bucket, inputKey(lost))]
  const Records = [...odd.Records.map((record) => ({ ...record, body })), ...event.Records]
  expect((await handler({ Records })).batchItemFailures).toEqual([{ itemIdentifier: inputKey(lost) }])
  expect(await subjects()).toEqual([lost.imageId])
})

function recordOf(key: string, bucket = 'darkroom-test') {
  return {
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: bucket }, object: { key, sequencer: '0055AED6DCD90281E5' } },
  }
}

test('an object that Darkroom did not write is counted and done', async () => {
  const foreign = newImage()
  await store.put(inputKey(foreign), 'anything')
  expect(await look()).toBe(0)
  expect(await subjects()).toEqual([])
})

test.each([
  ['has deduplication', 'thrifty'],
  ['has it no more', 'web-app-1'],
])(
  'the entry for the bytes of an erased image is deleted, if an upload wrote it after the erasure had: its app %s',
  async (_, app) => {
    const image = newImage(app)
    const sha256 = 'ab'.repeat(32)
    await store.putInput(image)
    await store.put(hashKey({ app: image.app, sha256 }), image.imageId)
    const { handler: eraseImage } = await import('../routes/erase-image.ts')
    await look()
    expect((await send(eraseImage, { method: 'DELETE', app: image.app, id: image.imageId })).status).toBe(200)
    const entry = hashKey({ app: image.app, sha256 })
    expect(await store.storedKeys()).not.toContain(entry)
    await store.put(entry, image.imageId)
    // The variants of an image that was erased just now are looked at again.
    expect(await look()).toBe(1)
    expect(await store.storedKeys()).not.toContain(entry)

    const other = newImage(app)
    await store.put(entry, other.imageId)
    expect((await handler(watchEvent(store.bucket, entry))).batchItemFailures).toEqual([])
    expect(await store.storedKeys()).toContain(entry)
    await store.remove(entry)
  },
)

test('variants that an attempt wrote after an erasure had listed them are deleted minutes later', async () => {
  const image = newImage()
  await store.putInput(image)
  const { handler: eraseImage } = await import('../routes/erase-image.ts')
  await look()
  await store.takeMessages()
  expect((await send(eraseImage, { method: 'DELETE', app: image.app, id: image.imageId })).status).toBe(200)
  const Records = await store.receiveWatched()
  const late = { ...image, variant: 'thumb', development: '0a1b2c3d-default-v1', extension: 'webp' } as const
  await store.put(processedKey(late), 'pixels')
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 180_000)
  expect((await handler({ Records })).batchItemFailures).toEqual([])
  jest.restoreAllMocks()
  await store.deleteWatched(Records)
  expect(await store.storedKeys()).not.toContain(processedKey(late))
})

test('an erasure that stopped halfway is completed, and says until then that it is not', async () => {
  const image = newImage()
  await store.putInput(image)
  const erasure = { ...image, request: randomUUID() }
  await store.put(erasureKey(erasure), 'c0ffee123456')
  await store.putDocument(newReceipt(image, 'c0ffee123456', 1))
  const { handler: getImage } = await import('../routes/get-image.ts')
  const erasureOf = async () => (await send(getImage, { app: image.app, id: image.imageId })).body.erasure
  expect(await erasureOf()).toMatchObject({ complete: false })

  await handler(watchEvent(store.bucket, erasureKey(erasure)))
  expect((await store.storedKeys()).filter((key) => key.includes(image.imageId))).toEqual([
    metadataKey(image),
  ])
  expect(await erasureOf()).toMatchObject({ complete: true })
})
