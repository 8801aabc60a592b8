import { type Catalogue, idsOfDayQuery, rowCountsQuery } from '@darkroom/analytics'
import { retention } from '@darkroom/app-configuration/deployed'
import { type AppDay, listApps, listFolders, listImages } from '@darkroom/bucket'
import { type AppId, metadataKey, storedPrefix } from '@darkroom/core'
import { announceAgain, MAX_ANNOUNCED, outcomesQueueOf, type WrittenKey } from '@darkroom/intake'
import { daysOf } from '@darkroom/retention'
import { bucket, catalogue, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { reportReconciled } from '../metrics.ts'

const DAY_MS = 86_400_000
/** Days that are compared every day. */
const RECENT_DAYS = 2
/** Each older day is compared once in so many days. */
const ROUND_DAYS = 30
/** An app without rows in the recent days is looked at once in so many days, for all of them: most of 10,000 apps may be idle. */
const IDLE_ROUND_DAYS = 7
/** Of the function's 15 minutes. What is left then is compared in the next round. */
const LAST_START_MS = 10 * 60_000
/** Ids of a day that are compared in memory. A larger day is announced as a whole. */
const MAX_COMPARED = 500_000

/** The part of EventBridge's event that is used: the scheduled time. */
interface Schedule {
  time: string
}

/**
 * Once a day: compares the number of documents of each app and day with that of the table's rows, and announces documents again
 * that have no row. A request lists an app's days. A listing has a thousand documents, and nothing is read, so a million documents are a thousand requests.
 */
export async function handler({ time }: Schedule): Promise<void> {
  const now = Date.parse(time)
  const deadline = Date.now() + LAST_START_MS
  const reconciled = { days: 0, missing: 0, surplus: 0 }
  const [datesOfDay, datesOfRound] = [datesOf(now, 1), datesOf(now, IDLE_ROUND_DAYS)]
  const rows = await countRows(catalogue, datesOfRound)
  for (const app of await listApps(bucket, 'metadata')) {
    const isActive = datesOfDay.slice(0, RECENT_DAYS).some((date) => rows.has(`${app} ${date}`))
    if (!isActive && !isIdleDue(app, now)) continue
    const dates = isActive ? datesOfDay : datesOfRound
    const stored = await datesOfApp(app)
    for (const date of dates.filter((date) => stored.has(date) && isKept(app, date, now))) {
      if (Date.now() > deadline) return report({ ...reconciled, unfinished: app })
      const found = await reconcileDay({ app, date }, rows.get(`${app} ${date}`) ?? 0)
      reconciled.days += 1
      reconciled.missing += found.missing
      reconciled.surplus += found.surplus
    }
  }
  report(reconciled)
}

function report(reconciled: { missing: number; surplus: number; unfinished?: string }): void {
  logger.info('rows reconciled', reconciled)
  reportReconciled(reconciled)
}

/**
 * The last days, and a part of the others, so that each is compared once in 30 days; the newest first. With several days of a round:
 * all that one of them would have compared.
 */
function datesOf(now: number, round: number): string[] {
  const today = Math.floor(now / DAY_MS)
  const oldest = Math.max(
    ...[retention.default, ...Object.values(retention.apps)].map(({ metadata = 0 }) => metadata),
  )
  return Array.from({ length: oldest }, (_, n) => n + 1)
    .filter((age) => age < RECENT_DAYS + round || age % ROUND_DAYS < round)
    .map((age) => new Date((today - age) * DAY_MS).toISOString().slice(0, 10))
}

function isIdleDue(app: AppId, now: number): boolean {
  const number = [...app].reduce((sum, character) => sum + character.charCodeAt(0), 0)
  return number % IDLE_ROUND_DAYS === Math.floor(now / DAY_MS) % IDLE_ROUND_DAYS
}

/** The days of which there are documents, with one request. */
async function datesOfApp(app: AppId): Promise<Set<string>> {
  const folders = await listFolders(bucket, storedPrefix('metadata', app))
  return new Set(folders.map((folder) => folder.replace(/^dt=/, '')))
}

/** In the last days of a document its row may be deleted already. */
function isKept(app: string, date: string, now: number): boolean {
  return now - Date.parse(date) < (daysOf(retention, app).metadata - 2) * DAY_MS
}

async function countRows({ query }: Catalogue, dates: string[]): Promise<Map<string, number>> {
  const { rows } = await query(rowCountsQuery(dates))
  return new Map(rows.map(([app, date, count]) => [`${app} ${date}`, Number(count)]))
}

/** @returns the number of documents without a row, which are announced again, or of rows that are more than the documents */
async function reconcileDay(day: AppDay, rows: number): Promise<{ missing: number; surplus: number }> {
  let documents = 0
  for await (const _ of listImages(bucket, 'metadata', day)) documents++
  if (documents === rows) return { missing: 0, surplus: 0 }
  if (documents < rows) {
    logger.warn('more rows than documents', { ...day, documents, rows })
    return { missing: 0, surplus: rows - documents }
  }
  const missing = await announceMissing(day, documents > MAX_COMPARED ? new Set() : await idsOf(day))
  logger.warn('documents without rows announced again', { ...day, documents, rows, announced: missing })
  return { missing, surplus: 0 }
}

async function idsOf(day: AppDay): Promise<Set<string>> {
  return new Set((await catalogue.query(idsOfDayQuery(day))).rows.map(([id]) => String(id)))
}

async function announceMissing({ app, date }: AppDay, ids: Set<string>): Promise<number> {
  const queue = { sqs, queueUrl: outcomesQueueOf(env.QUEUE_URL), bucket: bucket.name }
  let announced = 0
  let batch: WrittenKey[] = []
  const flush = async () => {
    if (batch.length > 0) await announceAgain(queue, batch)
    announced += batch.length
    batch = []
  }
  for await (const { imageId, written } of listImages(bucket, 'metadata', { app, date })) {
    if (ids.has(imageId)) continue
    batch.push({ key: metadataKey({ app, imageId }), written })
    if (batch.length === MAX_ANNOUNCED) await flush()
  }
  await flush()
  return announced
}
