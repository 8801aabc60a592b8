import { type Catalogue, differencesQuery, MAX_DIFFERENCES, type MergedUntil } from '@darkroom/analytics'
import { getDocument } from '@darkroom/bucket'
import { AppId, ImageId, type ImageRef, metadataKey, timeOf } from '@darkroom/core'
import { isPastDeadline } from '@darkroom/retention'
import * as z from 'zod'
import type { AuditContext } from './audit-context.ts'
import type { Breach } from './breaches.ts'

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
])

/** Each row of the catalogue equals its document. The bucket is asked again, because it changes meanwhile. */
export async function checkCatalogue(
  context: AuditContext,
  { catalogue, merged }: AuditedCatalogue,
): Promise<Breach[]> {
  const { rows } = await catalogue.query(differencesQuery(merged))
  const breaches: Breach[] = []
  for (const row of rows) {
    const [app, , imageId, documented, inRow, differing] = Difference.parse(row)
    const image = { app, imageId }
    const key = metadataKey(image)
    const differs = (detail: string) => breaches.push({ class: 'catalogue-difference', key, detail })
    if (documented === 'erased')
      breaches.push({ class: 'not-erased', key, detail: 'the catalogue still has its row' })
    else if (inRow === null) differs(`the catalogue has no row of this ${documented} image`)
    else if (documented !== null) differs(`its row in the catalogue has other values: ${differing}`)
    else if (await isOrphan(context, image)) differs('the catalogue has a row without a document')
  }
  if (rows.length < MAX_DIFFERENCES) return breaches
  const detail = `only the first ${MAX_DIFFERENCES} differences were read`
  return [...breaches, { class: 'catalogue-difference', key: 'images', detail }]
}

/** A row is deleted on the day after its document. */
async function isOrphan({ bucket, retention, now }: AuditContext, image: ImageRef): Promise<boolean> {
  const accepted = { ...image, acceptedAt: timeOf(image.imageId).toISOString() }
  if (isPastDeadline(retention, accepted, 'metadata', now)) return false
  return (await getDocument(bucket, image)) === undefined
}
