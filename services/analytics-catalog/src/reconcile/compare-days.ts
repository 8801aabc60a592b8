import { idsOfDayQuery, rowsOfSlotsQuery, SLOT_DIGITS, SLOT_MS } from '@darkroom/analytics'
import { type AppDay, listImages, type ScannedDay } from '@darkroom/bucket'
import { type ImageId, lastIdBefore, metadataKey } from '@darkroom/core'
import { announceAgain, MAX_ANNOUNCED, outcomesQueueOf, type WrittenKey } from '@darkroom/intake'
import { bucket, catalogue, sqs } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'

const DAY_MS = 86_400_000
/** Documents of a day that are compared at once: their ids are in memory if one of them has no row. */
const MAX_AT_ONCE = 100_000
/** A larger day is compared in slices of about so many rows, four at the same time: a processor parses no more listings. */
const ROWS_OF_SLICE = 20_000
const MAX_SLOTS = 64
const CONCURRENT_SLICES = 4

/** Documents without a row, which are announced again, and rows that are more than the documents. */
export interface Difference {
  missing: number
  surplus: number
}

/** @returns undefined if the day is too large to be compared at once */
export async function compareDay(day: ScannedDay, rows: number): Promise<Difference | undefined> {
  if (Math.max(rows, day.images ?? 0) > MAX_AT_ONCE) return undefined
  const documents = day.images ?? (await countDocuments(day))
  return documents > MAX_AT_ONCE ? undefined : settle(day, documents, rows)
}

async function countDocuments(day: AppDay): Promise<number> {
  let documents = 0
  for await (const _ of listImages(bucket, 'metadata', day)) if (++documents > MAX_AT_ONCE) break
  return documents
}

/**
 * Compares a large day slot by slot, several at the same time. Yields where it is, so that another call can go on from there.
 *
 * @param from the first slot to compare
 */
export async function* compareSlots(
  day: AppDay,
  from: number,
): AsyncGenerator<Difference & { nextSlot: number }> {
  const { rows } = await catalogue.query(rowsOfSlotsQuery(day))
  const rowsOf = new Map(rows.map(([slot, count]) => [String(slot), Number(count)]))
  const start = Date.parse(day.date)
  const end = Math.floor((start + DAY_MS - 1) / SLOT_MS) + 1
  const size = slotsOfSlice([...rowsOf.values()].reduce((sum, count) => sum + count, 0))
  const step = size * CONCURRENT_SLICES
  for (let slot = Math.max(from, Math.floor(start / SLOT_MS)); slot < end; slot += step) {
    const slices = Array.from({ length: CONCURRENT_SLICES }, (_, n) => slot + n * size)
    const found = await Promise.all(slices.map((slice) => compareSlice(day, slice, size, rowsOf)))
    yield { ...found.reduce(plus), nextSlot: slot + step }
  }
}

/** One if most documents of the day have no row, because then nothing says how many a slot has. */
function slotsOfSlice(rowsOfDay: number): number {
  if (rowsOfDay < MAX_AT_ONCE) return 1
  const rowsOfSlot = (rowsOfDay * SLOT_MS) / DAY_MS
  return Math.min(Math.max(Math.floor(ROWS_OF_SLICE / rowsOfSlot), 1), MAX_SLOTS)
}

export const plus = (a: Difference, b: Difference): Difference => ({
  missing: a.missing + b.missing,
  surplus: a.surplus + b.surplus,
})

async function compareSlice(
  day: AppDay,
  slice: number,
  size: number,
  rowsOf: Map<string, number>,
): Promise<Difference> {
  const slots = Array.from({ length: size }, (_, n) => digitsOf(slice + n))
  const documents = new Map(slots.map((slot) => [slot, 0]))
  for await (const { imageId } of listFrom(day, slice)) {
    const slot = slotOf(imageId)
    if (!documents.has(slot)) break
    documents.set(slot, (documents.get(slot) ?? 0) + 1)
  }
  let difference: Difference = { missing: 0, surplus: 0 }
  for (const [slot, count] of documents)
    difference = plus(difference, await settle(day, count, rowsOf.get(slot) ?? 0, slot))
  return difference
}

const digitsOf = (slot: number) => slot.toString(16).padStart(SLOT_DIGITS, '0')
const slotOf = (imageId: ImageId) => imageId.slice(0, SLOT_DIGITS)
const listFrom = (day: AppDay, slot: number) =>
  listImages(bucket, 'metadata', day, lastIdBefore(new Date(slot * SLOT_MS)))

/** Announces what has no row of a day, or of a slot of it. */
async function settle(
  { app, date }: AppDay,
  documents: number,
  rows: number,
  slot?: string,
): Promise<Difference> {
  if (documents === rows) return { missing: 0, surplus: 0 }
  const where = { app, date, ...(slot !== undefined && { slot }) }
  if (documents < rows) {
    logger.warn('more rows than documents', { ...where, documents, rows })
    return { missing: 0, surplus: rows - documents }
  }
  const missing = await announceMissing({ app, date }, slot)
  logger.warn('documents without rows announced again', { ...where, documents, rows, announced: missing })
  return { missing, surplus: 0 }
}

async function announceMissing(day: AppDay, slot?: string): Promise<number> {
  const ids = new Set((await catalogue.query(idsOfDayQuery(day, slot))).rows.map(([id]) => String(id)))
  const queue = { sqs, queueUrl: outcomesQueueOf(env.QUEUE_URL), bucket: bucket.name }
  let announced = 0
  let batch: WrittenKey[] = []
  const flush = async () => {
    if (batch.length > 0) await announceAgain(queue, batch)
    announced += batch.length
    batch = []
  }
  const documents =
    slot === undefined ? listImages(bucket, 'metadata', day) : listFrom(day, Number.parseInt(slot, 16))
  for await (const { imageId, written } of documents) {
    if (slot !== undefined && slotOf(imageId) !== slot) break
    if (ids.has(imageId)) continue
    batch.push({ key: metadataKey({ app: day.app, imageId }), written })
    if (batch.length === MAX_ANNOUNCED) await flush()
  }
  await flush()
  return announced
}
