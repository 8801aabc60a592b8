import { MetricUnit } from '@aws-lambda-powertools/metrics'
import {
  findOriginal,
  finishedAt,
  hasHash,
  type ListedImage,
  listApps,
  listImages,
  listOriginalsSince,
} from '@darkroom/bucket'
import { type AppId, dateOf, firstIdAt, type ImageId, type ImageRef, timeOf } from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import { isPastDeadline } from '@darkroom/retention'
import pMap, { pMapSkip } from 'p-map'
import { bucket } from '../clients.ts'
import { env } from '../environment.ts'
import { completeErasures } from '../erasure/sweep-erasures.ts'
import { imageQueue } from '../intake.ts'
import { logger } from '../logger.ts'
import { metrics } from '../metrics.ts'
import { type AbandonedUploads, completeAbandoned } from './sweep-uploads.ts'
import { isWithin, lateWindows, type SweepWindow, sweepWindows } from './sweep-windows.ts'

/** Per sweep; the rest is found at its next age. */
const MAX_MESSAGES = 2000
const MAX_CONCURRENT_IMAGES = 20

/** The part of EventBridge's event that is used: the scheduled time. */
interface Schedule {
  time: string
}

/** What a sweep did. */
interface Repairs extends AbandonedUploads {
  enqueued: number
  erased: number
}

/**
 * Completes erasures that stopped halfway and direct uploads that nobody completed, and enqueues originals again that are not
 * finished minutes after they were accepted: a function may have crashed before it sent the message, or the message was lost.
 */
export async function handler({ time }: Schedule): Promise<Repairs> {
  const scheduled = new Date(time)
  const repairs = {
    erased: await completeErasures(),
    ...(await completeAbandoned(sweepWindows(scheduled))),
    enqueued: await enqueueUnfinished(scheduled),
  }
  count(repairs)
  return repairs
}

function count({ enqueued, completed, refused, erased }: Repairs): void {
  metrics.addMetric('ErasuresCompleted', MetricUnit.Count, erased)
  metrics.addMetric('ImagesEnqueuedAgain', MetricUnit.Count, enqueued)
  metrics.addMetric('UploadsCompleted', MetricUnit.Count, completed)
  metrics.addMetric('UploadsRefused', MetricUnit.Count, refused)
  metrics.publishStoredMetrics()
}

/**
 * Sends the message of unfinished images again. An image that waits in a long queue gets a second message, which the
 * processor treats as a repetition.
 */
async function enqueueUnfinished(scheduled: Date): Promise<number> {
  const apps = await listApps(bucket, 'input')
  const unfinished = [
    ...(await findUnfinished(apps, sweepWindows(scheduled))),
    ...(await findLate(apps, scheduled)),
  ]
  const images = unfinished.slice(0, MAX_MESSAGES)
  const enqueued = await pMap(images, (image) => enqueueAgain(image), { concurrency: MAX_CONCURRENT_IMAGES })
  return enqueued.filter(Boolean).length
}

async function findUnfinished(apps: AppId[], windows: SweepWindow[]): Promise<ImageRef[]> {
  const found: ImageRef[] = []
  for (const app of apps) {
    for (const window of windows) {
      for (const date of datesOf(window)) found.push(...(await unfinishedOf(app, date, window)))
    }
  }
  return found
}

/** Originals that were written this long after the time of their id are found by S3's time. */
const LATE_MS = 15 * 60_000
const DAY_MS = 86_400_000
const LISTED_DAYS = 3

/**
 * Unfinished originals whose id has a time long before they were written: the client's clock was slow, it sent an old key, or
 * Kafka delivered an old event. They are at none of their ages when their first message is overdue.
 */
async function findLate(apps: AppId[], scheduled: Date): Promise<ImageRef[]> {
  const windows = lateWindows(scheduled)
  if (windows.length === 0) return []
  // Of an id that was a day old when its original was written, too.
  const oldest = Math.min(
    scheduled.getTime() - LISTED_DAYS * DAY_MS,
    ...windows.map(({ from }) => from.getTime() - DAY_MS),
  )
  const date = dateOf(firstIdAt(new Date(oldest)))
  const late: (ImageRef & Pick<ListedImage, 'written'>)[] = []
  for (const app of apps) {
    for await (const { imageId, written } of listOriginalsSince(bucket, { app, date })) {
      const isLate = written.getTime() - timeOf(imageId).getTime() > LATE_MS
      if (isLate && isWithin(windows, written)) late.push({ app, imageId, written })
    }
  }
  return pMap(
    late,
    async ({ written, ...image }) =>
      isUnfinished(written, await finishedAt(bucket, image)) ? image : pMapSkip,
    { concurrency: MAX_CONCURRENT_IMAGES },
  )
}

/** Two dates if the window includes midnight. */
function datesOf({ from, to }: SweepWindow): string[] {
  return [...new Set([from, new Date(to.getTime() - 1)].map((time) => dateOf(firstIdAt(time))))]
}

/**
 * Whether an original has no document, or was written after it: then it was uploaded again after the image was erased, and
 * the processor has to delete it.
 */
function isUnfinished(written: Date, finished: Date | undefined): boolean {
  return written > (finished ?? new Date(0))
}

async function unfinishedOf(app: AppId, date: string, window: SweepWindow): Promise<ImageRef[]> {
  const inputs = await writtenWithin('input', app, date, window)
  if (inputs.size === 0) return []
  const finished = await writtenWithin('metadata', app, date, window)
  return [...inputs].flatMap(([imageId, written]) =>
    isUnfinished(written, finished.get(imageId)) ? { app, imageId } : [],
  )
}

/** When each object was written. Ids sort by time, so a listing can start and end at any time. */
async function writtenWithin(
  kind: 'input' | 'metadata',
  app: AppId,
  date: string,
  { from, to }: SweepWindow,
): Promise<Map<ImageId, Date>> {
  const found = new Map<ImageId, Date>()
  for await (const { imageId, written } of listImages(bucket, kind, { app, date }, firstIdAt(from))) {
    if (timeOf(imageId) >= to) break
    found.set(imageId, written)
  }
  return found
}

/** Whether a message was sent. An error with one image does not stop the others. */
async function enqueueAgain(image: ImageRef): Promise<boolean> {
  try {
    const original = await findOriginal(bucket, image)
    if (!original || isPastDeadline(env.RETENTION, original, 'input')) return false
    if (!hasHash(original)) throw new Error('the metadata of the original has no hash')
    await enqueueImage(imageQueue, original)
    logger.warn('image enqueued again', { ...image, acceptedAt: original.acceptedAt })
    return true
  } catch (error) {
    logger.error('image not enqueued again', { ...image, error: error as Error })
    return false
  }
}
