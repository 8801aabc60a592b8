import { setTimeout as sleep } from 'node:timers/promises'
import { listImagesPage } from '@darkroom/bucket'
import { type AppId, dateOf, firstIdAt, type ImageId, type ImageRef, timeOf } from '@darkroom/core'
import { bucket } from '../clients.ts'
import { type FoundImage, findFinished, findImage, findImageOrGone } from './find-image.ts'

/**
 * Where an image stands once it is finished, or after `seconds` if it is not by then. While it waits it
 * makes one small request to S3 at a time, and keeps no connection registry.
 */
export async function waitForImage(image: ImageRef, seconds: number): Promise<FoundImage> {
  const found = await findImage(image)
  if (found.state !== 'queued') return found
  for await (const _ of looks(seconds)) {
    const finished = await findFinished(image)
    if (finished) return finished
  }
  return found
}

/** The most that S3 lists in one request. */
const PAGE = 1000

/**
 * Where images stand, in the order of the ids, once at least one is finished, or after `seconds` if none is by
 * then. Unknown ids are omitted. The first look takes up to two requests to S3 an image; each
 * later one lists what has been finished since the oldest of them, in one request a day of their ids.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function waitForImages(
  app: AppId,
  ids: ImageId[],
  seconds: number,
): Promise<Map<ImageId, FoundImage>> {
  const looked = await Promise.all(ids.map((imageId) => findImageOrGone({ app, imageId })))
  const found = new Map<ImageId, FoundImage>()
  for (const [index, id] of ids.entries()) {
    const image = looked[index]
    if (image) found.set(id, image)
  }
  const isWaiting = (id: ImageId) => found.get(id)?.state === 'queued'
  const isOver = () =>
    [...found.values()].some(({ state }) => state === 'finished') || ![...found.keys()].some(isWaiting)
  if (isOver()) return found
  const days = Object.entries(Object.groupBy([...found.keys()].filter(isWaiting), dateOf))
  const windows = days.map(([date, pending = []]) => openWindow(app, date, pending))
  for await (const _ of looks(seconds)) {
    const finished = (await Promise.all(windows.map((look) => look()))).flat()
    // A document that cannot be read stays in the listing; it is read only once.
    for (const imageId of finished.filter(isWaiting)) {
      const image = await findFinished({ app, imageId })
      if (image) found.set(imageId, image)
    }
    if (isOver()) break
  }
  return found
}

/**
 * Looks for documents of a day's images, a page at a time. If the app has more than a page of images between the oldest
 * and the newest of them, its pages are looked at in turn.
 */
function openWindow(app: AppId, date: string, pending: ImageId[]): () => Promise<ImageId[]> {
  const ids = new Set(pending)
  const [oldest = '', newest = ''] = [pending.toSorted().at(0), pending.toSorted().at(-1)]
  // The least id of that millisecond: a page begins after it.
  const start = firstIdAt(timeOf(oldest))
  let after = start
  return async () => {
    const { images, next } = await listImagesPage(bucket, 'metadata', { app, date }, { after, limit: PAGE })
    after = next !== undefined && next < newest ? next : start
    return images.map(({ imageId }) => imageId).filter((imageId) => ids.has(imageId))
  }
}

/** Milliseconds between two looks: often at first, when most images finish, and seldom later. */
const EAGER_INTERVAL_MS = 100
const PATIENT_INTERVAL_MS = 400
const EAGER_FOR_MS = 3_000

/** The moments at which to look again, within so many seconds from now. */
async function* looks(seconds: number): AsyncGenerator<void> {
  const start = Date.now()
  const end = start + seconds * 1000
  while (Date.now() < end) {
    const interval = Date.now() - start < EAGER_FOR_MS ? EAGER_INTERVAL_MS : PATIENT_INTERVAL_MS
    await sleep(Math.min(interval, Math.max(0, end - Date.now())))
    yield
  }
}
