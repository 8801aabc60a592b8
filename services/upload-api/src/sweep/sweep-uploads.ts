import { listMultipartUploads, listStored } from '@darkroom/bucket'
import { type ImageRef, ProblemError, parseUploadKey, timeOf } from '@darkroom/core'
import pMap from 'p-map'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { acceptUpload } from '../uploads/accept-upload.ts'
import type { SweepWindow } from './sweep-windows.ts'

/** Per sweep; the rest is found at its next age. Each upload streams up to 50 MB. */
const MAX_UPLOADS = 100
const MAX_CONCURRENT_UPLOADS = 4
/** At most ten requests: uploads are deleted after a day or two. */
const MAX_LISTED_OBJECTS = 10_000

export interface AbandonedUploads {
  completed: number
  refused: number
}

/**
 * Completes uploads that their client never completed: it crashed, or its page was closed. An upload with missing parts is
 * left alone; a lifecycle rule deletes it.
 */
export async function completeAbandoned(windows: SweepWindow[]): Promise<AbandonedUploads> {
  const abandoned = (await listAbandoned(windows)).slice(0, MAX_UPLOADS)
  const outcomes = await pMap(abandoned, complete, { concurrency: MAX_CONCURRENT_UPLOADS })
  const count = (wanted: keyof AbandonedUploads) => outcomes.filter((outcome) => outcome === wanted).length
  return { completed: count('completed'), refused: count('refused') }
}

/** Each image once, even if it has several uploads. */
async function listAbandoned(windows: SweepWindow[]): Promise<ImageRef[]> {
  const objects = await listUploads()
  const begun = await listMultipartUploads(bucket)
  const images = [...objects, ...begun].map(({ app, imageId }) => ({ app, imageId }))
  const inWindow = images.filter(({ imageId }) =>
    windows.some(({ from, to }) => timeOf(imageId) >= from && timeOf(imageId) < to),
  )
  return [...new Map(inWindow.map((image) => [`${image.app}/${image.imageId}`, image])).values()]
}

async function listUploads(): Promise<ImageRef[]> {
  const found: ImageRef[] = []
  let listed = 0
  for await (const { key } of listStored(bucket, 'uploads')) {
    found.push(...[parseUploadKey(key) ?? []].flat())
    if (++listed === MAX_LISTED_OBJECTS) break
  }
  return found
}

/** Undefined if nothing changed. An error with one upload does not stop the others. */
async function complete(image: ImageRef): Promise<keyof AbandonedUploads | undefined> {
  try {
    const { replayed } = await acceptUpload(image)
    logger.warn('abandoned upload completed', { ...image, replayed })
    return 'completed'
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status >= 500) {
      logger.error('abandoned upload not completed', { ...image, error: error as Error })
      return undefined
    }
    if (error.slug === 'upload-incomplete' || error.slug === 'not-found') return undefined
    logger.warn('abandoned upload refused', { ...image, reason: error.slug, detail: error.detail })
    return 'refused'
  }
}
