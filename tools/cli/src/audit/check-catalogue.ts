import { type Catalogue, differencesQuery, MAX_DIFFERENCES, type MergedUntil } from '@darkroom/analytics'
import { AppId, ImageId, type ImageRef, metadataKey, timeOf } from '@darkroom/core'
import { isPastDeadline } from '@darkroom/retention'
import * as z from 'zod'
import type { AuditContext } from './audit-context.ts'
import type { Breach, BreachClass } from './breaches.ts'
import { statusOf } from './check-others.ts'

/** The catalogue of an audited store. */
export interface AuditedCatalogue {
  catalogue: Catalogue
  /** Changes after this may not be merged yet. */
  merged: MergedUntil
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** DuckDB's tables are as the bucket was when it was read. */
export function mergedNow(now: number): MergedUntil {
  const time = new Date(now)
  return { recent: time, recentFrom: time.toISOString().slice(0, 10), older: time }
}

/** Recent images are merged every hour, all of them once a week, and each merge may be late. See analytics-catalog. */
export function mergedOnAws(now: number, mergeDays: number): MergedUntil {
  return {
    recent: new Date(now - 2 * HOUR_MS),
    recentFrom: new Date(now - (mergeDays - 1) * DAY_MS).toISOString().slice(0, 10),
    older: new Date(now - 8 * DAY_MS),
  }
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

/** Each row of the catalogue equals its document. The bucket is asked again, because it changes meanwhile. */
export async function checkCatalogue(
  context: AuditContext,
  { catalogue, merged }: AuditedCatalogue,
): Promise<Breach[]> {
  const { rows } = await catalogue.query(differencesQuery(merged))
  const breaches: Breach[] = []
  for (const row of rows) breaches.push(...(await checkDifference(context, Difference.parse(row))))
  if (rows.length < MAX_DIFFERENCES) return breaches
  const detail = `only the first ${MAX_DIFFERENCES} differences were read`
  return [...breaches, { class: 'catalogue-difference', key: 'images', detail }]
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
  if (isRowNewer !== null || (inRow === 'processed' && documented === 'failed')) {
    const detail = `the catalogue has it as ${inRow}, from ${isRowNewer === null ? 'before' : 'later'}, the document says ${documented}`
    return breach('status-regression', detail)
  }
  return documented === 'erased'
    ? breach('not-erased', 'the catalogue still has its row')
    : breach('catalogue-difference', `its row in the catalogue has other values: ${differing}`)
}

/** A row is deleted on the day after its document. */
async function checkWithoutDocument(
  { bucket, retention, now }: AuditContext,
  image: ImageRef,
  breach: (kind: BreachClass, detail: string) => Breach[],
): Promise<Breach[]> {
  const accepted = { ...image, acceptedAt: timeOf(image.imageId).toISOString() }
  if (isPastDeadline(retention, accepted, 'metadata', now)) return []
  const status = await statusOf(bucket, image)
  if (status === 'queued')
    return breach('status-regression', 'the catalogue has a row, the original has no document')
  return status === 'none' ? breach('catalogue-difference', 'the catalogue has a row without a document') : []
}
