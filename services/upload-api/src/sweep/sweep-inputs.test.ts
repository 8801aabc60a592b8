import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { newReceipt } from '@darkroom/bucket'
import { erasureKey, type ImageRef, inputKey, metadataKey, newImageId } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals'
import { failedDocument, processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./sweep-inputs.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})
afterEach(async () => void (await store.takeMessages()))

const sweep = (time: string) => handler({ time })

function acceptedAt(time: string, app = 'web-app-1'): ImageRef {
  return { app, imageId: newImageId(new Date(time)) }
}

test('the message of an unfinished original is sent again, once at each age', async () => {
  const image = acceptedAt('2026-11-20T10:00:30.000Z')
  await store.putInput({ ...image, filename: 'IMG_0001.JPG' })
  expect(await sweep('2026-11-20T10:02:59.000Z')).toMatchObject({ enqueued: 0 })
  expect(await sweep('2026-11-20T10:03:01.000Z')).toMatchObject({ enqueued: 1 })
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
  expect(await sweep('2026-11-20T10:04:01.000Z')).toMatchObject({ enqueued: 0 })
  expect(await sweep('2026-11-20T10:05:01.000Z')).toMatchObject({ enqueued: 1 })
})

describe('an original whose id is older than the original itself', () => {
  const MINUTE_MS = 60_000
  /** The one sweep in every sixteen that looks at what is written now, for the first time. */
  const firstLook = () => {
    const minute = Math.floor(Date.now() / MINUTE_MS)
    return new Date((Math.floor((minute + 2) / 16) + 1) * 16 * MINUTE_MS)
  }
  const subjects = async () => (await store.takeMessages()).map(({ subject }) => subject)
  const lateBy = (hours: number) => acceptedAt(new Date(Date.now() - hours * 3_600_000).toISOString())

  test('is found at its last age, although its id is a day older', async () => {
    const image = lateBy(23)
    await store.putInput(image)
    const minute = Math.floor(Date.now() / MINUTE_MS)
    // The one sweep in every 1,024 that looks at what is 4,096 minutes old.
    const last = (Math.floor((minute + 4096) / 1024) + 1) * 1024
    await sweep(new Date(last * MINUTE_MS).toISOString())
    expect(await subjects()).toContain(image.imageId)
  })

  test.each([0.5, 5, 23.5, 60])('by %p hours is found minutes after it was written', async (hours) => {
    const [image, finished] = [lateBy(hours), lateBy(hours)]
    for (const each of [image, finished]) await store.putInput(each)
    await store.putDocument(processedDocument(finished))
    const look = firstLook()
    expect(look.getTime() - Date.now()).toBeLessThan(19 * MINUTE_MS)
    await sweep(new Date(look.getTime() - MINUTE_MS).toISOString())
    expect(await subjects()).not.toContain(image.imageId)
    await sweep(look.toISOString())
    const found = await subjects()
    expect(found).toContain(image.imageId)
    expect(found).not.toContain(finished.imageId)
  })

  test('and than its document, because it was sent again after it was erased, is found', async () => {
    const image = lateBy(5)
    await store.putDocument(newReceipt(image, 'c0ffee123456', 1))
    await sleep(20)
    await store.putInput(image)
    await sweep(firstLook().toISOString())
    expect(await subjects()).toContain(image.imageId)
  })
})

test('finished images are left alone, and every app is swept', async () => {
  const processed = acceptedAt('2026-11-20T11:00:10.000Z')
  const failed = acceptedAt('2026-11-20T11:00:20.000Z')
  const lost = acceptedAt('2026-11-20T11:00:30.000Z', 'web-app-2')
  for (const image of [processed, failed, lost]) await store.putInput(image)
  await store.putDocument(processedDocument(processed))
  await store.putDocument(failedDocument(failed))
  expect(await sweep('2026-11-20T11:03:00.000Z')).toMatchObject({ enqueued: 1 })
  expect(await store.takeMessages()).toMatchObject([{ subject: lost.imageId }])
})

test('works across midnight', async () => {
  const [before, after] = [acceptedAt('2026-11-19T23:59:59.900Z'), acceptedAt('2026-11-20T00:00:00.000Z')]
  for (const image of [before, after]) await store.putInput(image)
  expect(await sweep('2026-11-20T00:02:00.000Z')).toMatchObject({ enqueued: 1 })
  expect(await sweep('2026-11-20T00:03:00.000Z')).toMatchObject({ enqueued: 1 })
  expect(await store.takeMessages()).toMatchObject([{ subject: before.imageId }, { subject: after.imageId }])
  expect(await sweep('2026-11-20T00:16:00.000Z')).toMatchObject({ enqueued: 1 })
})

test('an original stored again after its image was erased gets a message, so that the processor deletes it', async () => {
  const image = acceptedAt('2026-11-20T14:00:30.000Z')
  await store.putDocument(newReceipt(image, 'c0ffee123456', 1))
  await sleep(20)
  await store.putInput(image)
  expect(await sweep('2026-11-20T14:03:01.000Z')).toMatchObject({ enqueued: 1 })
  expect(await store.takeMessages()).toMatchObject([{ subject: image.imageId }])
})

test('an original past its retention is left to S3', async () => {
  const accepted = new Date(Date.now() - 8 * 86_400_000)
  const [past, kept] = [acceptedAt(accepted.toISOString(), 'brief'), acceptedAt(accepted.toISOString())]
  const late = acceptedAt(accepted.toISOString(), 'brief')
  for (const image of [past, kept, { ...late, acceptedAt: new Date().toISOString() }])
    await store.putInput(image)
  expect(await sweep(new Date(accepted.getTime() + 180_000).toISOString())).toMatchObject({ enqueued: 2 })
  const sent = (await store.takeMessages()).map(({ subject }) => subject)
  expect(sent.toSorted()).toEqual([kept.imageId, late.imageId].toSorted())
})

test('an object that Darkroom did not write does not stop the others', async () => {
  const [foreign, lost] = [acceptedAt('2026-11-20T12:00:01.000Z'), acceptedAt('2026-11-20T12:00:02.000Z')]
  await store.put(inputKey(foreign), 'anything')
  await store.putInput(lost)
  expect(await sweep('2026-11-20T12:03:00.000Z')).toMatchObject({ enqueued: 1 })
})

test('an erasure that stopped halfway is completed, and says until then that it is not', async () => {
  const image = acceptedAt(new Date().toISOString())
  await store.putInput(image)
  const erasure = { ...image, request: randomUUID() }
  await store.put(erasureKey(erasure), 'c0ffee123456')
  await store.putDocument(newReceipt(image, 'c0ffee123456', 1))
  const { handler: getImage } = await import('../routes/get-image.ts')
  const erasureOf = async () => (await send(getImage, { app: image.app, id: image.imageId })).body.erasure
  expect(await erasureOf()).toMatchObject({ complete: false })

  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000)
  try {
    expect(await sweep('2026-11-20T14:00:00.000Z')).toMatchObject({ erased: 1 })
  } finally {
    now.mockRestore()
  }
  expect((await store.storedKeys()).filter((key) => key.includes(image.imageId))).toEqual([
    metadataKey(image),
  ])
  expect(await erasureOf()).toMatchObject({ complete: true })
})

test('sweeps more images than S3 lists in one request', async () => {
  const began = Date.parse('2026-11-20T13:00:00.000Z')
  const images = Array.from({ length: 1100 }, (_, n) => acceptedAt(new Date(began + n * 50).toISOString()))
  await Promise.all(images.map((image) => store.putInput(image)))
  await Promise.all(images.slice(0, 1050).map((image) => store.putDocument(processedDocument(image))))
  expect(await sweep('2026-11-20T13:03:00.000Z')).toMatchObject({ enqueued: 50 })
})
