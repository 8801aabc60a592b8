import {
  type AppsDay,
  type Catalogue,
  type DateRange,
  differencesQuery,
  differingDaysQuery,
  MAX_DIFFERENCES,
  ROWS_BY_DATE,
} from '@darkroom/analytics'
import { AppId, ImageId, type ImageRef, metadataKey, timeOf } from '@darkroom/core'
import { isPastDeadline } from '@darkroom/retention'
import * as z from 'zod'
import { type AuditContext, GRACE_MS } from './audit-context.ts'
import type { Breach, BreachClass } from './breaches.ts'
import { statusOf } from './check-others.ts'

/** The catalogue of an audited store. */
export interface AuditedCatalogue {
  catalogue: Catalogue
  /** Changes after this may not be collected yet. */
  collected: Date
}

const DAY_MS = 24 * 3_600_000
const COLLECTION_MS = 15 * 60_000

/** An event is collected within a minute or two. With an outage of less than this, the audit finds nothing wrong. */
export function collectedUntil(now: number): Date {
  return new Date(now - COLLECTION_MS)
}

const Difference = z.tuple([
  AppId,
  z.string(),
  ImageId,
  z.string().nullable(),
  z.string().nullable(),
  z.string().nullable(),
  z.string().nullable(),
])

/**
 * Each row of the catalogue equals its document. The catalogue itself compares numbers and checksums by app and day, then the rows
 * of each day that differs. The bucket is asked again, because it changes meanwhile.
 */
export async function checkCatalogue(context: AuditContext, audited: AuditedCatalogue): Promise<Breach[]> {
  const { catalogue } = audited
  const breaches: Breach[] = []
  for await (const day of differingDays(context, catalogue)) {
    breaches.push(...(await checkDay(context, audited, day)))
    if (breaches.length < MAX_DIFFERENCES) continue
    const detail = `only the differences up to ${day.date} were read`
    return [...breaches, { class: 'catalogue-difference', key: 'images', detail }]
  }
  return breaches
}

const RowsOfDate = z.tuple([z.iso.date(), z.coerce.number()])
const DifferingDay = z.tuple([AppId, z.iso.date()])

/** The days that differ, the oldest first, with the apps that do. */
async function* differingDays(context: AuditContext, catalogue: Catalogue): AsyncGenerator<AppsDay> {
  const counted = new Map((await catalogue.query(ROWS_BY_DATE)).rows.map((row) => RowsOfDate.parse(row)))
  for (const range of rangesOf(context, counted)) {
    const { rows } = await catalogue.query(differingDaysQuery(range))
    const days = Map.groupBy(
      rows.map((row) => DifferingDay.parse(row)),
      ([, date]) => date,
    )
    for (const [date, found] of days) yield { date, apps: found.map(([app]) => app) }
  }
}

/** A query reads the documents of as many images, so that it stays within the limits of a query in Athena. */
const MAX_IMAGES = 1_000_000
const MAX_DAYS = 100

/** From the oldest row, or document that S3 keeps, until today. */
function* rangesOf({ retention, now }: AuditContext, counted: Map<string, number>): Generator<DateRange> {
  const today = toDate(now)
  const days = Object.values({ '': retention.default, ...retention.apps }).map(({ metadata = 0 }) => metadata)
  const oldest = toDate(now - Math.max(...days) * DAY_MS - GRACE_MS)
  let [from = oldest] = [oldest, ...counted.keys()].toSorted()
  let [images, length] = [0, 0]
  for (let date = from; date <= today; date = toDate(Date.parse(date) + DAY_MS)) {
    images += counted.get(date) ?? 0
    length += 1
    if (date < today && images < MAX_IMAGES && length < MAX_DAYS) continue
    yield { from, to: date }
    from = toDate(Date.parse(date) + DAY_MS)
    images = length = 0
  }
}

function toDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

async function checkDay(
  context: AuditContext,
  { catalogue, collected }: AuditedCatalogue,
  day: AppsDay,
): Promise<Breach[]> {
  const { rows } = await catalogue.query(differencesQuery(day, collected))
  const breaches: Breach[] = []
  for (const row of rows) breaches.push(...(await checkDifference(context, Difference.parse(row))))
  return breaches
}

async function checkDifference(
  context: AuditContext,
  [app, , imageId, documented, inRow, differing, isRowNewer]: z.infer<typeof Difference>,
): Promise<Breach[]> {
  const image = { app, imageId }
  const breach = (kind: BreachClass, detail: string) => [{ class: kind, key: metadataKey(image), detail }]
  if (documented === null) return checkWithoutDocument(context, image, breach)
  if (inRow === null)
    return breach('catalogue-difference', `the catalogue has no row of this ${documented} image`)
  if (documented === 'erased') return breach('not-erased', 'the catalogue still has its row')
  if (isRowNewer !== null || (inRow === 'processed' && documented === 'failed')) {
    const detail = `the catalogue has it as ${inRow}, from ${isRowNewer === null ? 'before' : 'later'}, the document says ${documented}`
    return breach('status-regression', detail)
  }
  return breach('catalogue-difference', `its row in the catalogue has other values: ${differing}`)
}

/** A row is deleted on the day after its document. */
async function checkWithoutDocument(
  { bucket, retention, now }: AuditContext,
  image: ImageRef,
  breach: (kind: BreachClass, detail: string) => Breach[],
): Promise<Breach[]> {
  const accepted = { ...image, acceptedAt: timeOf(image.imageId).toISOString() }
  if (isPastDeadline(retention, accepted, 'metadata', now - GRACE_MS))
    return breach('past-retention', 'the catalogue still has its row')
  if (isPastDeadline(retention, accepted, 'metadata', now)) return []
  const status = await statusOf(bucket, image)
  if (status === 'queued')
    return breach('status-regression', 'the catalogue has a row, the original has no document')
  return status === 'none' ? breach('catalogue-difference', 'the catalogue has a row without a document') : []
}
