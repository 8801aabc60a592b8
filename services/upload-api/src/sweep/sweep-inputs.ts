import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import {
  AppId,
  dateOf,
  firstIdAt,
  type ImageId,
  type ImageRef,
  inputPrefix,
  metadataPrefix,
  parseInputKey,
  parseMetadataKey,
  timeOf,
} from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import { isPastDeadline } from '@darkroom/retention'
import pMap from 'p-map'
import { s3, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { SOURCE } from '../intake.ts'
import { listObjects } from '../list-keys.ts'
import { logger } from '../logger.ts'
import { findInput } from '../status/find-image.ts'
import { completeForgotten, type ForgottenUploads } from './sweep-uploads.ts'
import { type SweepWindow, sweepWindows } from './sweep-windows.ts'

const metrics = new Metrics({
  namespace: 'Darkroom',
  serviceName: 'upload-api',
  defaultDimensions: { stage: env.STAGE },
})

/** In one sweep; the rest is found at its next age. */
const MOST_MESSAGES = 2000
const MAX_CONCURRENT_IMAGES = 20
/** What S3 lists at once. */
const PAGE = 1000

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
  const unfinished = await findUnfinished(await listApps(), windows)
  const images = unfinished.slice(0, MOST_MESSAGES)
  const enqueued = await pMap(images, (image) => enqueueAgain(image), { concurrency: MAX_CONCURRENT_IMAGES })
  return enqueued.filter(Boolean).length
}

/** Whoever has sent an image: those of both ways in. */
async function listApps(): Promise<AppId[]> {
  const apps: AppId[] = []
  const list = { Bucket: env.BUCKET, Prefix: 'input/', Delimiter: '/' }
  for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    apps.push(
      ...CommonPrefixes.flatMap(({ Prefix = '' }) => AppId.safeParse(Prefix.split('/')[1]).data ?? []),
    )
  }
  return apps
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
  const inputs = await writtenWithin(inputPrefix(app, date), window)
  if (inputs.size === 0) return []
  const finished = await writtenWithin(metadataPrefix(app, date), window)
  return [...inputs].flatMap(([imageId, written]) =>
    written > (finished.get(imageId) ?? new Date(0)) ? { app, imageId } : [],
  )
}

/** When each was written. Ids sort by their time, so that a listing can begin and end anywhere. */
async function writtenWithin(prefix: string, { from, to }: SweepWindow): Promise<Map<ImageId, Date>> {
  const found = new Map<ImageId, Date>()
  for (let after = prefix + firstIdAt(from); ; ) {
    const objects = await listObjects(prefix, PAGE, after)
    for (const { key, written } of objects) {
      const imageId = (parseInputKey(key) ?? parseMetadataKey(key))?.imageId
      if (imageId === undefined) continue
      if (timeOf(imageId) >= to) return found
      found.set(imageId, written)
    }
    after = objects.at(-1)?.key ?? ''
    if (objects.length < PAGE) return found
  }
}

/** Whether a message was sent. One image that cannot be is no reason to leave the others. */
async function enqueueAgain(image: ImageRef): Promise<boolean> {
  try {
    if (isPastDeadline(env.RETENTION, image, 'input')) return false
    const found = await findInput(image)
    if (!found) return false
    const { input, contentType, bytes } = found
    const { imageId } = image
    const accepted = { ...input, imageId, contentType, bytes }
    await enqueueImage(sqs, env.QUEUE_URL, SOURCE, env.BUCKET, accepted)
    logger.warn('image enqueued again', { ...image, acceptedAt: input.acceptedAt })
    return true
  } catch (error) {
    logger.error('image not enqueued again', { ...image, error: error as Error })
    return false
  }
}
