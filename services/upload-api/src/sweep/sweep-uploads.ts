import { listMultipartUploads, listStored } from '@darkroom/bucket'
import { type ImageRef, ProblemError, parseUploadKey, timeOf } from '@darkroom/core'
import pMap from 'p-map'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { acceptUpload } from '../uploads/accept-upload.ts'
import type { SweepWindow } from './sweep-windows.ts'

/** In one sweep; the rest is found at its next age. Up to 50 MB of each stream by. */
const MOST_UPLOADS = 100
const MAX_CONCURRENT_UPLOADS = 4
/** Ten listings at most: nothing is there for longer than a day or two. */
const MOST_LISTED = 10_000

export interface ForgottenUploads {
  completed: number
  refused: number
}

/**
 * Completes uploads whose client never said that all is there: it crashed, or its page was closed. One that is not all
 * there is left alone; a lifecycle rule deletes it.
 */
export async function completeForgotten(windows: SweepWindow[]): Promise<ForgottenUploads> {
  const forgotten = (await listForgotten(windows)).slice(0, MOST_UPLOADS)
  const outcomes = await pMap(forgotten, complete, { concurrency: MAX_CONCURRENT_UPLOADS })
  const count = (wanted: keyof ForgottenUploads) => outcomes.filter((outcome) => outcome === wanted).length
  return { completed: count('completed'), refused: count('refused') }
}

/** Each image once, however much was sent for it. */
async function listForgotten(windows: SweepWindow[]): Promise<ImageRef[]> {
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
    if (++listed === MOST_LISTED) break
  }
  return found
}

/** Undefined if nothing came of it. One upload that cannot be completed is no reason to leave the others. */
async function complete(image: ImageRef): Promise<keyof ForgottenUploads | undefined> {
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
