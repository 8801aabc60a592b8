import { listImages, listImagesPage, listVariants } from '@darkroom/bucket'
import { AppId, DatePartition, ImageId, type ImageRef, inputKey, repeatedS3Event } from '@darkroom/core'
import * as z from 'zod'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { count } from '../metrics.ts'
import { watchLater, watchVariants } from './look-again.ts'

/** A message of the watch queue: the originals of an app and day after an id are compared with its documents. */
const DayToReconcile = z.object({
  type: z.literal('day-to-reconcile'),
  app: AppId,
  date: DatePartition,
  after: ImageId.optional(),
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
 * Finds the originals without a document, or that were stored again after an erasure, and has each of them watched as if S3 had sent its event now.
 * Images with variants of several attempts, of which the document lists one, are looked at too. The rest of a large day is left to another message.
 */
export async function reconcileDay(day: DayToReconcile): Promise<void> {
  let { after } = day
  for (let page = 0; page < MAX_PAGES; page++) {
    const { images, next } = await listImagesPage(bucket, 'input', day, { after, limit: PAGE_SIZE })
    const last = images.at(-1)?.imageId
    if (last === undefined) return
    const finished = new Map<ImageId, Date>()
    for await (const { imageId, written } of listImages(bucket, 'metadata', day, after)) {
      if (imageId > last) break
      finished.set(imageId, written)
    }
    const missed = images.filter(({ imageId, written }) => written > (finished.get(imageId) ?? new Date(0)))
    await watchAgain(missed.map(({ imageId, written }) => ({ key: inputKey({ ...day, imageId }), written })))
    await watchVariants(await developedTwice(day, after, last))
    if (next === undefined) return
    after = next
  }
  await sendDays([{ ...day, after }])
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
