import {
  getReconciled,
  listApps,
  listErasures,
  listMultipartUploads,
  listStored,
  putReconciled,
} from '@darkroom/bucket'
import { erasureKey } from '@darkroom/core'
import { bucket } from '../clients.ts'
import { isAcceptedNow } from './finish.ts'
import { sendDays, watchAgain } from './reconcile-day.ts'

const DAY_MS = 86_400_000
/** The first reconcile of a stage looks back for as long. */
const FIRST_DAYS = 30
/** Younger objects are still watched because of their own event. */
const MIN_AGE_MS = 3_600_000

/** The part of EventBridge's event that is used: the scheduled time. */
interface Schedule {
  time: string
}

/**
 * Once a day: finds what S3 sent no event for. Each app and day becomes a message of the watch queue, so neither their number nor
 * their size matters. The days go from the last one of the reconcile before, so that none is left out after an outage. Direct uploads and erasures that are not complete are few, and are found by listing them all. A multipart
 * upload has no event until it is completed, so if all its parts are there, it is completed here.
 */
export async function handler({ time }: Schedule): Promise<void> {
  const now = Date.parse(time)
  const apps = await listApps(bucket, 'input')
  for (const date of await datesToCompare(now)) {
    await sendDays(apps.map((app) => ({ type: 'day-to-reconcile', app, date })))
    await putReconciled(bucket, date)
  }
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

/**
 * The days from the last one that was compared to yesterday, oldest first. The last one is compared again, because an id is up to
 * a day older than its original.
 */
async function datesToCompare(now: number): Promise<string[]> {
  const dates = [dateBefore(now)]
  const last = (await getReconciled(bucket)) ?? dateBefore(now - (FIRST_DAYS - 1) * DAY_MS)
  for (let before = now - DAY_MS; dateBefore(before) >= last; before -= DAY_MS)
    dates.unshift(dateBefore(before))
  return dates
}

function dateBefore(time: number): string {
  return new Date(time - DAY_MS).toISOString().slice(0, 10)
}
