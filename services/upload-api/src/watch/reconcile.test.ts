import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { getReconciled, newReceipt } from '@darkroom/bucket'
import {
  dateOf,
  erasureKey,
  type ImageRef,
  inputKey,
  lastIdBefore,
  metadataKey,
  newImageId,
  processedKey,
  RECONCILED_KEY,
  readS3Event,
  timeOf,
  uploadKey,
} from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, expect, test } from '@jest/globals'
import pMap from 'p-map'
import { processedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { watchEvent } from '../testing/watch-event.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { bucket } = await import('../clients.ts')
const { handler: reconcile } = await import('./reconcile.ts')
const { partsAfter } = await import('./reconcile-day.ts')
const { handler: watchImages } = await import('./watch-images.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const DAY_MS = 86_400_000
const newImage = (daysAgo: number, app = 'web-app-1'): ImageRef => ({
  app,
  imageId: newImageId(new Date(Date.now() - daysAgo * DAY_MS)),
})

/** Lets the watch queue's function handle the messages of days, and collects the objects that it is to watch. */
async function watchedKeys(): Promise<string[]> {
  const keys: string[] = []
  for (;;) {
    const Records = await store.receiveWatched()
    if (Records.length === 0) return keys.toSorted()
    const days = Records.filter(({ body }) => 'type' in JSON.parse(body))
    expect((await watchImages({ Records: days })).batchItemFailures).toEqual([])
    const events = Records.filter((record) => !days.includes(record))
    keys.push(
      ...events.flatMap(({ body }) => readS3Event(body, store.bucket).objects ?? []).map(({ key }) => key),
    )
    await store.deleteWatched(Records)
  }
}

test('finds what S3 sent no event for, in all apps: originals, uploads and erasures', async () => {
  const [lost, late, other] = [newImage(1), newImage(2), newImage(1, 'web-app-2')]
  const [finished, again] = [newImage(1), newImage(1)]
  for (const image of [lost, late, other, finished]) await store.putInput(image)
  await store.putDocument(processedDocument(finished))
  await store.putDocument(newReceipt(again, 'c0ffee123456', 1))
  // Later than the receipt: in the same millisecond they would not be told apart.
  for (const written = Date.now(); Date.now() === written; ) await setImmediate()
  await store.putInput(again)
  const upload = uploadKey({ ...newImage(0), bytes: 5 })
  await store.put(upload, 'bytes')
  const erasure = erasureKey({ ...newImage(0), request: randomUUID() })
  await store.put(erasure, 'c0ffee123456')

  // Two hours later, so that the upload and the erasure are not new. That can be the next day.
  await reconcile({ time: new Date(Date.now() + 2 * 3_600_000).toISOString() })
  const originals = [lost, late, other, again].map(inputKey)
  expect(await watchedKeys()).toEqual([...originals, upload, erasure].toSorted())
})

test('an image with variants of several attempts is looked at, and no other', async () => {
  const [once, twice, unfinished] = [newImage(1), newImage(1), newImage(1)]
  for (const image of [once, twice]) {
    await store.putInput(image)
    await store.putDocument(processedDocument(image))
  }
  const developed = (image: ImageRef, development: string) =>
    Promise.all(
      ['large', 'thumb'].map((variant) =>
        store.put(processedKey({ ...image, variant, development, extension: 'webp' }), 'pixels'),
      ),
    )
  await developed(once, '0a1b2c3d-default-v1')
  await developed(twice, '0a1b2c3d-default-v1')
  await developed(twice, '4e5f6a7b-default-v1')
  await developed(unfinished, '0a1b2c3d-default-v1')
  await store.remove(RECONCILED_KEY)
  await reconcile({ time: new Date().toISOString() })
  const keys = await watchedKeys()
  expect(keys.filter((key) => key.startsWith('metadata/'))).toEqual([metadataKey(twice)])
})

test('leaves out what is still watched because of its own event', async () => {
  await reconcile({ time: new Date(Date.now() - 30 * DAY_MS).toISOString() })
  expect(await watchedKeys()).toEqual([])
})

test('a large day takes several listings, and each image is found once', async () => {
  const began = Date.now() - DAY_MS
  const images = Array.from({ length: 1100 }, (_, n) => ({
    app: 'large',
    imageId: newImageId(new Date(began + n)),
  }))
  await pMap(images, (image) => store.putInput(image), { concurrency: 20 })
  const finished = images.slice(0, 1050).map((image) => processedDocument(image))
  await pMap(finished, (document) => store.putDocument(document), { concurrency: 20 })
  const event = watchEvent(store.bucket, 'day')
  for (const date of new Set(images.map(({ imageId }) => dateOf(imageId)))) {
    const body = JSON.stringify({ type: 'day-to-reconcile', app: 'large', date })
    await watchImages({ Records: event.Records.map((record) => ({ ...record, body })) })
  }
  expect(await watchedKeys()).toEqual(images.slice(1050).map(inputKey))
})

test('a part of a day is compared as far as its message says', async () => {
  const images = Array.from({ length: 6 }, () => newImage(1, 'in-parts')).sort((a, b) =>
    a.imageId < b.imageId ? -1 : 1,
  )
  const date = dateOf(images[0]?.imageId ?? '')
  const ofDay = images.filter(({ imageId }) => dateOf(imageId) === date)
  for (const image of ofDay) await store.putInput(image)
  const [after, until] = [ofDay[0]?.imageId, ofDay.at(-2)?.imageId]
  const body = JSON.stringify({ type: 'day-to-reconcile', app: 'in-parts', date, after, until })
  const { Records } = watchEvent(store.bucket, 'day')
  await watchImages({ Records: Records.map((record) => ({ ...record, body })) })
  expect(await watchedKeys()).toEqual(ofDay.slice(1, -1).map(inputKey))
})

const DAY = { type: 'day-to-reconcile' as const, app: 'large', date: '2026-11-28' }
const idAt = (time: number) => newImageId(new Date(Date.parse(DAY.date) + time))

test.each([
  ['a day', DAY, idAt(5_000)],
  ['a part', { ...DAY, until: idAt(9_000_000) }, idAt(8_000_000)],
  ['a moment', { ...DAY, until: idAt(8_003) }, idAt(8_000)],
])('the parts of %s are its rest, each image in one of them', (_name, day, last) => {
  const parts = partsAfter(day, last)
  expect(parts.length).toBeLessThanOrEqual(10)
  expect(parts[0]?.after).toBe(last)
  for (const [n, { after, until }] of parts.entries()) {
    expect((after ?? '') < (until ?? '')).toBe(true)
    expect(after).toBe(n === 0 ? last : parts[n - 1]?.until)
  }
  expect(parts.at(-1)?.until).toBe('until' in day ? day.until : lastIdBefore(new Date('2026-11-29')))
})

test('a hundred million images are parts that a message can compare after five rounds', () => {
  const images = 100_000_000
  let parts = partsAfter(DAY, idAt(0))
  let rounds = 1
  const longest = () =>
    Math.max(...parts.map(({ after = '', until = '' }) => timeOf(until).getTime() - timeOf(after).getTime()))
  for (; (longest() / DAY_MS) * images > 5_000; rounds++)
    parts = parts.slice(0, 1).flatMap((part) => partsAfter(part, part.after ?? ''))
  expect(rounds).toBeLessThanOrEqual(5)
})

const dateAgo = (days: number) => dateOf(newImageId(new Date(Date.now() - days * DAY_MS)))

test.each([
  ['begins at the last day of the one before, however long ago', dateAgo(9), [9, 8, 2, 1]],
  ['compares all days if there was none', undefined, [31, 10, 9, 8, 2, 1]],
  ['… if its last day cannot be read', 'yesterday', [31, 10, 9, 8, 2, 1]],
  ['compares yesterday again if it runs twice a day', dateAgo(1), [1]],
])('%s', async (_name, last, found) => {
  const app = `since-${found.length}-${last?.length ?? 0}`
  const images = [31, 10, 9, 8, 2, 1, 0].map((daysAgo) => ({ daysAgo, image: newImage(daysAgo, app) }))
  for (const { image } of images) await store.putInput(image)
  await (last ? store.put(RECONCILED_KEY, last) : store.remove(RECONCILED_KEY))
  await reconcile({ time: new Date().toISOString() })
  const expected = images.filter(({ daysAgo }) => found.includes(daysAgo)).map(({ image }) => inputKey(image))
  expect((await watchedKeys()).filter((key) => key.includes(app))).toEqual(expected)
  expect(await getReconciled(bucket)).toBe(dateAgo(1))
})
