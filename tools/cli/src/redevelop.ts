import { findOriginal, getDocument, hasHash, listDates, listImages } from '@darkroom/bucket'
import type { AppId, ImageId, ImageRef } from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import type { Store, StoreWithQueue } from './open-store.ts'

/** The images of one day that have both an original and a document. */
export interface Day {
  date: string
  imageIds: ImageId[]
}

/** The days of an app's originals, oldest first; both ends included. */
export async function* listDays(
  { bucket }: Store,
  app: AppId,
  from?: string,
  to?: string,
): AsyncGenerator<Day> {
  for (const date of await listDates(bucket, app)) {
    if ((from && date < from) || (to && date > to)) continue
    const finished = new Set<ImageId>()
    for await (const { imageId } of listImages(bucket, 'metadata', { app, date })) finished.add(imageId)
    const imageIds: ImageId[] = []
    for await (const { imageId } of listImages(bucket, 'input', { app, date })) {
      if (finished.has(imageId)) imageIds.push(imageId)
    }
    yield { date, imageIds }
  }
}

/** How an image was developed, as `default v1`; undefined if it is not processed, or its document cannot be read. */
export async function developedBy({ bucket }: Store, image: ImageRef): Promise<string | undefined> {
  const document = (await getDocument(bucket, image))?.document
  return document?.status === 'processed' ? `${document.preset} v${document.preset_version}` : undefined
}

/** Asks the image processor to develop an original again. The original is only read. */
export async function redevelop(store: StoreWithQueue, image: ImageRef, preset: string): Promise<void> {
  const original = await findOriginal(store.bucket, image)
  if (!original || !hasHash(original)) return
  await enqueueImage({ ...store, source: '/darkroom/backfill' }, { ...original, redevelop: { preset } })
}

/**
 * Why an image failed; undefined if it did not. A verdict of the decoder is given at the first receive. Whatever takes more of
 * them, such as two deaths of the engine, may be a wrong guess.
 *
 * @param all also after one receive
 */
export async function failureOf(
  { bucket }: Store,
  image: ImageRef,
  all: boolean,
): Promise<string | undefined> {
  const document = (await getDocument(bucket, image))?.document
  if (document?.status !== 'failed') return undefined
  const isGuess = document.failure_type === 'retries-exhausted' || (document.receive_count ?? 0) > 1
  return isGuess || all ? document.failure_type : undefined
}

/** Asks the image processor to process an image that failed. */
export async function processAgain(store: StoreWithQueue, image: ImageRef): Promise<void> {
  const original = await findOriginal(store.bucket, image)
  if (original && hasHash(original)) await enqueueImage({ ...store, source: '/darkroom/redrive' }, original)
}
