import { MetricUnit } from '@aws-lambda-powertools/metrics'
import { findOriginal, hasHash, listApps, listImages } from '@darkroom/bucket'
import { type AppId, dateOf, firstIdAt, type ImageId, type ImageRef, timeOf } from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import { isPastDeadline } from '@darkroom/retention'
import pMap from 'p-map'
import { bucket } from '../clients.ts'
import { env } from '../environment.ts'
import { imageQueue } from '../intake.ts'
import { logger } from '../logger.ts'
import { metrics } from '../metrics.ts'
import { completeForgotten, type ForgottenUploads } from './sweep-uploads.ts'
import { type SweepWindow, sweepWindows } from './sweep-windows.ts'

/** In one sweep; the rest is found at its next age. */
const MOST_MESSAGES = 2000
const MAX_CONCURRENT_IMAGES = 20

/** The time of EventBridge's event, by which the schedule means it to run. */
interface Schedule {
  time: string
}

/** What a sweep has repaired. */
interface Repairs extends ForgottenUploads {
  enqueued: number
}

/**
 * Looks after what would be left lying: uploads that nobody completed, and originals that have no end minutes after
 * their acceptance, as after a crash between storing and sending or a message that got lost.
 */
export async function handler({ time }: Schedule): Promise<Repairs> {
  const windows = sweepWindows(new Date(time))
  const repairs = { ...(await completeForgotten(windows)), enqueued: await enqueueUnfinished(windows) }
  count(repairs)
  return repairs
}

function count({ enqueued, completed, refused }: Repairs): void {
  metrics.addMetric('ImagesEnqueuedAgain', MetricUnit.Count, enqueued)
  metrics.addMetric('UploadsCompleted', MetricUnit.Count, completed)
  metrics.addMetric('UploadsRefused', MetricUnit.Count, refused)
  metrics.publishStoredMetrics()
}

/**
 * Sends the message again of what has no end. An image that merely waits long gets a second message, which the processor
 * takes for a repetition.
 */
async function enqueueUnfinished(windows: SweepWindow[]): Promise<number> {
  const unfinished = await findUnfinished(await listApps(bucket, 'input'), windows)
  const images = unfinished.slice(0, MOST_MESSAGES)
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

/** Two if midnight lies within. */
function datesOf({ from, to }: SweepWindow): string[] {
  return [...new Set([from, new Date(to.getTime() - 1)].map((time) => dateOf(firstIdAt(time))))]
}

/**
 * Without a document, or written after it: bytes that came again once their image was erased, which the processor has
 * to delete.
 */
async function unfinishedOf(app: AppId, date: string, window: SweepWindow): Promise<ImageRef[]> {
  const inputs = await writtenWithin('input', app, date, window)
  if (inputs.size === 0) return []
  const finished = await writtenWithin('metadata', app, date, window)
  return [...inputs].flatMap(([imageId, written]) =>
    written > (finished.get(imageId) ?? new Date(0)) ? { app, imageId } : [],
  )
}

/** When each was written. Ids sort by their time, so that a listing can begin and end anywhere. */
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

/** Whether a message was sent. One image that cannot be is no reason to leave the others. */
async function enqueueAgain(image: ImageRef): Promise<boolean> {
  try {
    if (isPastDeadline(env.RETENTION, image, 'input')) return false
    const original = await findOriginal(bucket, image)
    if (!original) return false
    if (!hasHash(original)) throw new Error('its metadata has no hash')
    await enqueueImage(imageQueue, original)
    logger.warn('image enqueued again', { ...image, acceptedAt: original.acceptedAt })
    return true
  } catch (error) {
    logger.error('image not enqueued again', { ...image, error: error as Error })
    return false
  }
}
