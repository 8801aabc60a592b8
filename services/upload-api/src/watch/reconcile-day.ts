import { listImages, listImagesPage, listVariants } from '@darkroom/bucket'
import {
  AppId,
  DatePartition,
  ImageId,
  type ImageRef,
  inputKey,
  lastIdBefore,
  repeatedS3Event,
  timeOf,
} from '@darkroom/core'
import * as z from 'zod'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { count } from '../metrics.ts'
import { watchLater, watchVariants } from './look-again.ts'

/** A message of the watch queue: the originals of an app and day after an id, up to another, are compared with its documents. */
const DayToReconcile = z.object({
  type: z.literal('day-to-reconcile'),
  app: AppId,
  date: DatePartition,
  after: ImageId.optional(),
  until: ImageId.optional(),
})
export type DayToReconcile = z.infer<typeof DayToReconcile>

/** Undefined if the message is another one. */
export function readDay(body: string): DayToReconcile | undefined {
  try {
    return DayToReconcile.safeParse(JSON.parse(body)).data
  } catch {
    return undefined
  }
}

/** @throws if SQS does not take them */
export async function sendDays(days: DayToReconcile[]): Promise<void> {
  await watchLater(days.map((day) => JSON.stringify(day)))
}

/** Originals per page; a few seconds of listings. */
const PAGE_SIZE = 1000
const MAX_PAGES = 5
/**
 * The rest of a large day is left to so many messages. They are handled side by side, and a hundred million images are as many as 5,000
 * after five rounds. Lambda stops a function whose messages have called it 16 times in turn.
 */
const PARTS = 10
const DAY_MS = 86_400_000

/**
 * Finds the originals without a document, or that were stored again after an erasure, and has each of them watched as if S3 had sent its event now.
 * Images with variants of several attempts, of which the document lists one, are looked at too. The rest of a large day is left to other messages.
 */
export async function reconcileDay(day: DayToReconcile): Promise<void> {
  let { after } = day
  for (let page = 0; page < MAX_PAGES; page++) {
    const { images, next } = await listImagesPage(bucket, 'input', day, { after, limit: PAGE_SIZE })
    const compared = images.filter(({ imageId }) => day.until === undefined || imageId <= day.until)
    const last = compared.at(-1)?.imageId
    if (last === undefined) return
    const finished = new Map<ImageId, Date>()
    for await (const { imageId, written } of listImages(bucket, 'metadata', day, after)) {
      if (imageId > last) break
      finished.set(imageId, written)
    }
    const missed = compared.filter(({ imageId, written }) => written > (finished.get(imageId) ?? new Date(0)))
    await watchAgain(missed.map(({ imageId, written }) => ({ key: inputKey({ ...day, imageId }), written })))
    await watchVariants(await developedTwice(day, after, last))
    if (next === undefined || compared.length < images.length) return
    after = next
  }
  if (after !== undefined) await sendDays(partsAfter(day, after))
}

/** What is left of a day after an id, in parts of the same length. */
export function partsAfter(day: DayToReconcile, last: ImageId): DayToReconcile[] {
  const from = timeOf(last).getTime()
  const end = day.until ?? lastIdBefore(new Date(Date.parse(day.date) + DAY_MS))
  const lengthMs = (timeOf(end).getTime() + 1 - from) / PARTS
  const bounds = Array.from({ length: PARTS - 1 }, (_, n) =>
    lastIdBefore(new Date(Math.ceil(from + (n + 1) * lengthMs))),
  ).filter((id) => last < id && id < end)
  return [...new Set([...bounds, end])].map((until, n, ends) => ({
    ...day,
    after: ends[n - 1] ?? last,
    until,
  }))
}

/** @returns the images after one and up to another whose variants are of several attempts */
async function developedTwice(
  { app, date }: DayToReconcile,
  after: ImageId | undefined,
  last: ImageId,
): Promise<ImageRef[]> {
  const developments = new Map<ImageId, Set<string>>()
  for await (const { imageId, development = '' } of listVariants(bucket, { app, date }, after)) {
    if (imageId > last) break
    developments.set(imageId, (developments.get(imageId) ?? new Set()).add(development))
  }
  return [...developments].flatMap(([imageId, { size }]) => (size > 1 ? [{ app, imageId }] : []))
}

/** Sends an event for each object, as S3 should have done. @throws if SQS does not take them */
export async function watchAgain(objects: { key: string; written: Date }[]): Promise<void> {
  if (objects.length === 0) return
  await watchLater(
    objects.map(({ key, written }) => JSON.stringify(repeatedS3Event(bucket.name, key, written))),
  )
  for (const { key } of objects) logger.warn('unfinished object found by the daily reconcile', { key })
  count('ObjectsReconciled', objects.length)
}
