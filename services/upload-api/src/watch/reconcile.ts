import { listApps, listErasures, listMultipartUploads, listStored } from '@darkroom/bucket'
import { erasureKey } from '@darkroom/core'
import { bucket } from '../clients.ts'
import { isAcceptedNow } from './finish.ts'
import { sendDays, watchAgain } from './reconcile-day.ts'

const DAY_MS = 86_400_000
/** An id is up to a day older than its original. */
const DAYS = 2
/** Younger objects are still watched because of their own event. */
const MIN_AGE_MS = 3_600_000

/** The part of EventBridge's event that is used: the scheduled time. */
interface Schedule {
  time: string
}

/**
 * Once a day: finds what S3 sent no event for. Each app and day becomes a message of the watch queue, so neither their number nor
 * their size matters. Direct uploads and erasures that are not complete are few, and are found by listing them all. A multipart
 * upload has no event until it is completed, so if all its parts are there, it is completed here.
 */
export async function handler({ time }: Schedule): Promise<void> {
  const now = Date.parse(time)
  const dates = Array.from({ length: DAYS }, (_, n) =>
    new Date(now - (n + 1) * DAY_MS).toISOString().slice(0, 10),
  )
  const apps = await listApps(bucket, 'input')
  await sendDays(
    apps.flatMap((app) => dates.map((date) => ({ type: 'day-to-reconcile' as const, app, date }))),
  )
  const oldEnough = new Date(now - MIN_AGE_MS)
  for await (const { key, written } of listStored(bucket, 'uploads')) {
    if (written <= oldEnough) await watchAgain([{ key, written }])
  }
  for await (const { begun, ...erasure } of listErasures(bucket)) {
    if (begun <= oldEnough) await watchAgain([{ key: erasureKey(erasure), written: begun }])
  }
  for (const { app, imageId, initiated } of await listMultipartUploads(bucket)) {
    if (initiated <= oldEnough) await isAcceptedNow({ app, imageId })
  }
}
