import {
  divideApps,
  getReconciled,
  listErasures,
  listMultipartUploads,
  listStored,
  putReconciled,
  scanDays,
} from '@darkroom/bucket'
import { erasureKey } from '@darkroom/core'
import pMap from 'p-map'
import { bucket } from '../clients.ts'
import { isAcceptedNow } from './finish.ts'
import { type DayToReconcile, sendDays, watchAgain } from './reconcile-day.ts'

const DAY_MS = 86_400_000
const MAX_CONCURRENT_LISTINGS = 10
/** Younger objects are still watched because of their own event. */
const MIN_AGE_MS = 3_600_000

/** The part of EventBridge's event that is used: the scheduled time. */
interface Schedule {
  time: string
}

/**
 * Once a day: finds what S3 sent no event for. Each app and day becomes a message of the watch queue, so neither their number nor
 * their size matters. The days go from the last one of the reconcile before, so that none is left out after an outage. Direct uploads
 * and erasures that are not complete are few, and are found by listing them all. A multipart upload has no event until it is
 * completed, so if all its parts are there, it is completed here.
 *
 * @throws if something is left to do: Lambda calls it again, twice
 */
export async function handler({ time }: Schedule): Promise<void> {
  const now = Date.parse(time)
  const yesterday = new Date(now - DAY_MS).toISOString().slice(0, 10)
  await sendDays(await daysToCompare(yesterday))
  await putReconciled(bucket, yesterday)
  const oldEnough = new Date(now - MIN_AGE_MS)
  for await (const { key, written } of listStored(bucket, 'uploads')) {
    if (written <= oldEnough) await watchAgain([{ key, written }])
  }
  for await (const { begun, ...erasure } of listErasures(bucket)) {
    if (begun <= oldEnough) await watchAgain([{ key: erasureKey(erasure), written: begun }])
  }
  let unfinished = 0
  for (const { app, imageId, initiated } of await listMultipartUploads(bucket)) {
    if (initiated <= oldEnough && !(await isAcceptedNow({ app, imageId }))) unfinished += 1
  }
  if (unfinished > 0) throw new Error(`${unfinished} multipart uploads could not be completed`)
}

/**
 * The days of each app that have originals, from the last day of the reconcile before to yesterday; all of them if there was none.
 * The last day is compared again, because an id is up to a day older than its original.
 */
async function daysToCompare(yesterday: string): Promise<DayToReconcile[]> {
  const since = (await getReconciled(bucket)) ?? ''
  const wantedFrom = (date: string) => {
    const wanted = date < since ? since : date
    return wanted <= yesterday ? wanted : undefined
  }
  const days = await pMap(
    await divideApps(bucket, 'input', MAX_CONCURRENT_LISTINGS),
    async (range) => {
      const ofRange: DayToReconcile[] = []
      for await (const { app, date } of scanDays(bucket, 'input', wantedFrom, range))
        ofRange.push({ type: 'day-to-reconcile', app, date })
      return ofRange
    },
    { concurrency: MAX_CONCURRENT_LISTINGS },
  )
  return days.flat()
}
