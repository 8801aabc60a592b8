import { rowCountsQuery } from '@darkroom/analytics'
import { retention } from '@darkroom/app-configuration/deployed'
import {
  type AppDay,
  endOf,
  getRowsCompared,
  putRowsCompared,
  type RowsCompared,
  type ScannedDay,
  scanDays,
} from '@darkroom/bucket'
import { metadataPrefix } from '@darkroom/core'
import { daysOf } from '@darkroom/retention'
import pMap from 'p-map'
import { bucket, catalogue } from '../clients.ts'
import { logger } from '../logger.ts'
import { reportReconciled } from '../metrics.ts'
import { compareDay, compareSlots, type Difference, plus } from './compare-days.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** After midnight, until the events of a day are merged for certain. */
const SETTLED_MS = 5 * HOUR_MS
/** Days that are compared every day. */
const RECENT_DAYS = 2
/** Each older day is compared once in so many days. */
const ROUND_DAYS = 30
/** Of the function's 15 minutes. The next call goes on from there. */
const LAST_START_MS = 12 * 60_000
const TIMEOUT_MS = 15 * 60_000
/** Days that are listed at the same time, and days that one page has listed already. */
const MAX_LISTED_DAYS = 8
const MAX_DAYS = 100

/** The part of EventBridge's event that is used: the scheduled time. */
interface Schedule {
  time: string
}

/**
 * Compares, once a day, the number of documents of each app and day with that of the table's rows, and announces documents again
 * that have no row. Nothing is read but listings. What one call does not finish the next one does, a quarter of an hour later: so a comparison can
 * take a day, and the next one has all days since then.
 *
 * @throws if a comparison takes longer than a day, for the alarm of the function's errors; the next call goes on all the same
 */
export async function handler({ time }: Schedule): Promise<void> {
  const began = Date.now()
  const yesterday = dateAt(Date.parse(time) - SETTLED_MS - DAY_MS)
  const last = await getRowsCompared(bucket)
  if (last && ((last.busyUntil ?? 0) > began || (last.isFinished && last.date >= yesterday))) return
  const progress: RowsCompared =
    last === undefined || last.isFinished
      ? { date: yesterday, since: last?.date, isFinished: false }
      : { ...last, busyUntil: undefined }
  await putRowsCompared(bucket, { ...progress, busyUntil: began + TIMEOUT_MS })
  const compared = { date: progress.date, days: 0, missing: 0, surplus: 0 }
  try {
    await compare(progress, compared, began + LAST_START_MS)
  } finally {
    await putRowsCompared(bucket, progress)
    const { isFinished, after } = progress
    logger.info('rows reconciled', { ...compared, ...(!isFinished && { unfinished: after ?? 'all' }) })
    reportReconciled(compared)
  }
  if (!progress.isFinished && progress.date < yesterday)
    throw new Error(`documents and rows up to ${progress.date} are not compared after a day`)
}

/** Until the deadline, one batch of days after the other. @param progress is kept up to date */
async function compare(
  progress: RowsCompared,
  compared: Difference & { days: number },
  deadline: number,
): Promise<void> {
  const dates = datesOf(progress)
  const rows = await countRows(dates)
  const wantedFrom = (date: string) => dates.find((wanted) => wanted >= date)
  for await (const days of batchesOf(scanDays(bucket, 'metadata', wantedFrom, { after: progress.after }))) {
    const kept = days.filter((day) => isKept(day, progress.date))
    const differences = await pMap(kept, (day) => compareDay(day, rows.get(nameOf(day)) ?? 0), {
      concurrency: MAX_LISTED_DAYS,
    })
    Object.assign(
      compared,
      differences.reduce<Difference>((sum, found) => plus(sum, found ?? NONE), compared),
    )
    for (const day of kept.filter((_, n) => differences[n] === undefined)) {
      progress.after = metadataPrefix(day.app, day.date)
      const { part } = progress
      const from = part?.app === day.app && part.date === day.date ? part.slot : 0
      for await (const { nextSlot, ...found } of compareSlots(day, from)) {
        Object.assign(compared, plus(compared, found))
        progress.part = { app: day.app, date: day.date, slot: nextSlot }
        if (Date.now() > deadline) return
      }
    }
    compared.days += kept.length
    const end = days.at(-1)
    if (end) progress.after = endOf('metadata', end)
    progress.part = undefined
    if (Date.now() > deadline) return
  }
  progress.isFinished = true
  progress.after = undefined
}

const NONE: Difference = { missing: 0, surplus: 0 }
const dateAt = (time: number) => new Date(time).toISOString().slice(0, 10)
const nameOf = ({ app, date }: AppDay) => `${app} ${date}`

/**
 * The last days, and a part of the others, so that each is compared once in 30 days, the oldest first. After several days: all that one of them
 * would have compared; all days if there was no comparison before.
 */
function datesOf({ date, since }: RowsCompared): string[] {
  const today = Date.parse(date) + DAY_MS
  const round = since === undefined ? ROUND_DAYS : Math.round((Date.parse(date) - Date.parse(since)) / DAY_MS)
  const oldest = Math.max(
    ...[retention.default, ...Object.values(retention.apps)].map(({ metadata = 0 }) => metadata),
  )
  return Array.from({ length: oldest }, (_, n) => n + 1)
    .filter((age) => age < RECENT_DAYS + round || age % ROUND_DAYS < round)
    .map((age) => dateAt(today - age * DAY_MS))
    .toReversed()
}

async function countRows(dates: string[]): Promise<Map<string, number>> {
  const { rows } = await catalogue.query(rowCountsQuery(dates))
  return new Map(rows.map(([app, date, count]) => [`${app} ${date}`, Number(count)]))
}

/** Groups of days: those that have to be listed are listed at the same time. */
async function* batchesOf(days: AsyncIterable<ScannedDay>): AsyncGenerator<ScannedDay[]> {
  let batch: ScannedDay[] = []
  let listed = 0
  for await (const day of days) {
    batch.push(day)
    if (day.images === undefined) listed++
    if (listed < MAX_LISTED_DAYS && batch.length < MAX_DAYS) continue
    yield batch
    batch = []
    listed = 0
  }
  if (batch.length > 0) yield batch
}

/** In the last days of a document its row may be deleted already. */
function isKept({ app, date }: AppDay, last: string): boolean {
  return Date.parse(last) - Date.parse(date) < (daysOf(retention, app).metadata - 3) * DAY_MS
}
