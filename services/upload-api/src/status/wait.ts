import { setTimeout as sleep } from 'node:timers/promises'
import { listImagesPage } from '@darkroom/bucket'
import { type AppId, dateOf, firstIdAt, type ImageId, timeOf } from '@darkroom/core'
import pMap from 'p-map'
import { knownRetrySeconds, retrySecondsIfBehind } from '../backlog.ts'
import { bucket } from '../clients.ts'
import type { SoughtImage, View } from '../http/caller.ts'
import {
  type FoundImage,
  findFinished,
  findImage,
  findImageOrUndefined,
  findNamed,
  findQueued,
} from './find-image.ts'

/**
 * Finds an image when it is finished, or after `seconds` if it is not finished by then, or sooner if the processor is behind.
 * Polls S3 with one small request at a time, so no registry of connections is needed.
 */
export async function waitForImage(image: SoughtImage, seconds: number): Promise<FoundImage> {
  const young = seconds > 0 && isRecent(image.imageId) ? await findQueued(image) : undefined
  if (young) return waitForQueued(image, young, seconds)
  const found = await findImage(image)
  return found.state === 'queued' ? waitForQueued(image, found, seconds, found) : found
}

/** @param latest what the document said, if it was read: without it, it is read before the first wait or after it */
async function waitForQueued(
  image: SoughtImage,
  queued: Extract<FoundImage, { state: 'queued' }>,
  seconds: number,
  latest?: FoundImage,
): Promise<FoundImage> {
  const read = () => findFinished({ ...image, imageId: queued.original.imageId })
  let found = latest ?? (ageMs(queued) < FIRST_POLL_AGE_MS ? undefined : ((await read()) ?? queued))
  if (found && found.state !== 'queued') return found
  for await (const _ of polls(seconds, ageMs(queued))) {
    found = (await read()) ?? queued
    if (found.state !== 'queued') return found
  }
  // The processor is behind, so nothing was waited for.
  return found ?? (await read()) ?? queued
}

/** Its image is usually not finished, so that the original alone says enough at first. A client may make the id before it sends the image. */
const RECENT_MS = 5_000
const isRecent = (id: ImageId) => Math.abs(Date.now() - timeOf(id).getTime()) < RECENT_MS

/** A recent id may belong to an image that is still in Kafka: it is waited for although it is unknown. */
const MAX_TRANSIT_MS = 10 * 60_000
const mayStillArrive = (id: ImageId) => Math.abs(Date.now() - timeOf(id).getTime()) < MAX_TRANSIT_MS

/** The most objects that S3 lists in one request. */
const MAX_PAGE_SIZE = 1000

/** S3 bills a listing like 12.5 reads. */
const MAX_READS_PER_POLL = 12

/**
 * Finds images, in the order of the ids, when at least one is finished, or after `seconds` if none is finished by then, or
 * sooner if the processor is behind.
 * Unknown ids are omitted, and waited for if they are recent. The first poll makes at most two requests to S3 per id, or three in
 * an app with topics. Each later poll reads the documents of the pending images if these are few, otherwise it lists the documents since the oldest of
 * them, with one request for each day of the ids.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function waitForImages(
  view: View,
  ids: ImageId[],
  seconds: number,
): Promise<Map<ImageId, FoundImage>> {
  const { app } = view
  const found = await findImages(view, ids, findNamed)
  const isWaiting = (id: ImageId) =>
    (found.get(id)?.state ?? (mayStillArrive(id) ? 'queued' : '')) === 'queued'
  const isOver = () => [...found.values()].some(({ state }) => state === 'finished') || !ids.some(isWaiting)
  if (seconds === 0 || isOver()) return found
  const requestedIds = new Map(ids.filter(isWaiting).map((id) => [storedIdOf(id, found.get(id)), id]))
  const listPending =
    requestedIds.size > MAX_READS_PER_POLL ? openWindows(app, [...requestedIds.keys()]) : undefined
  const oldestMs = Math.max(0, ...[...found.values()].map(ageMs))
  for await (const _ of polls(seconds, oldestMs)) {
    const candidates = (await listPending?.()) ?? requestedIds.keys()
    await Promise.all(
      // A document that cannot be read stays in the listing; it is read only once.
      Array.from(candidates, async (imageId) => {
        const id = requestedIds.get(imageId)
        if (!id || !isWaiting(id)) return
        const image = await findFinished({ ...view, imageId })
        if (image) found.set(id, image)
      }),
    )
    if (isOver()) break
  }
  const arrived = await findImages(
    view,
    ids.filter((id) => !found.has(id) && isWaiting(id)),
    findNamed,
  )
  return new Map(ids.map((id) => [id, found.get(id) ?? arrived.get(id)] as const).filter(isFound))
}

/** A queued image can have another id than the one that was asked for: see `findImage`. */
function storedIdOf(id: ImageId, found: FoundImage | undefined): ImageId {
  return found?.state === 'queued' ? found.original.imageId : id
}

/** More would wait for a connection, and that time counts as S3's. */
const MAX_CONCURRENT_IMAGES = 25

export async function findImages(
  view: View,
  ids: ImageId[],
  find?: typeof findNamed,
): Promise<Map<ImageId, FoundImage>> {
  const images = await pMap(
    ids,
    async (imageId) => [imageId, await findImageOrUndefined({ ...view, imageId }, find)] as const,
    { concurrency: MAX_CONCURRENT_IMAGES },
  )
  return new Map(images.filter(isFound))
}

function isFound(entry: readonly [ImageId, FoundImage | undefined]): entry is readonly [ImageId, FoundImage] {
  return entry[1] !== undefined
}

/** @returns a function that lists the documents of each day, and picks the pending images */
function openWindows(app: AppId, ids: ImageId[]): () => Promise<ImageId[]> {
  const days = Object.entries(Object.groupBy(ids, dateOf))
  const windows = days.map(([date, pending = []]) => openWindow(app, date, pending))
  return async () => (await Promise.all(windows.map((list) => list()))).flat()
}

/**
 * @returns a function that lists one page of a day's documents and picks the pending images. If the app has more than a page
 *   of documents between the oldest and the newest pending image, each call lists the next page
 */
function openWindow(app: AppId, date: string, pending: ImageId[]): () => Promise<ImageId[]> {
  const ids = new Set(pending)
  const [oldest = '', newest = ''] = [pending.toSorted().at(0), pending.toSorted().at(-1)]
  // The lowest id of that millisecond: a page starts after it.
  const start = firstIdAt(timeOf(oldest))
  let after = start
  return async () => {
    const { images, next } = await listImagesPage(
      bucket,
      'metadata',
      { app, date },
      { after, limit: MAX_PAGE_SIZE },
    )
    after = next !== undefined && next < newest ? next : start
    return images.map(({ imageId }) => imageId).filter((imageId) => ids.has(imageId))
  }
}

/**
 * Few images are finished in the first 60 ms after they were accepted; later ones are seen within 285 ms. Five polls, each of which takes some
 * milliseconds itself, are enough for an image that takes 1.5 s.
 */
const FIRST_POLL_AGE_MS = 345
/**
 * Poll often at first, when most images finish, and less often after that. Each poll is paid for; this interval shows an outcome
 * within 300 ms.
 */
const FAST_POLL_INTERVAL_MS = 285
const SLOW_POLL_INTERVAL_MS = 400
const FAST_POLLING_MS = 10_000

function ageMs(found: FoundImage): number {
  return found.state === 'queued' ? Date.now() - Date.parse(found.original.acceptedAt) : 0
}

/** By then, most images are finished if the processor is not behind. */
const LOOK_AT_QUEUE_MS = 1_000

/**
 * Yields when it is time for the next poll, until `seconds` have passed. It ends early if the processor is behind: a function
 * that waits would take the concurrency that processing needs.
 */
async function* polls(seconds: number, imageAgeMs: number): AsyncGenerator<void> {
  const start = Date.now()
  const end = start + seconds * 1000
  while (Date.now() < end) {
    const isLong = Date.now() - start >= LOOK_AT_QUEUE_MS
    if ((isLong ? await retrySecondsIfBehind() : knownRetrySeconds()) > 0) return
    await sleep(Math.min(intervalMs(imageAgeMs, Date.now() - start), Math.max(0, end - Date.now())))
    yield
  }
}

/** @param imageAgeMs when the request came  @param waitedMs since then */
function intervalMs(imageAgeMs: number, waitedMs: number): number {
  const untilFirstMs = FIRST_POLL_AGE_MS - imageAgeMs - waitedMs
  if (untilFirstMs >= 1) return Math.min(untilFirstMs, FIRST_POLL_AGE_MS)
  return waitedMs < FAST_POLLING_MS ? FAST_POLL_INTERVAL_MS : SLOW_POLL_INTERVAL_MS
}
