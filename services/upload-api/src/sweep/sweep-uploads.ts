import { listMultipartUploads, listStored } from '@darkroom/bucket'
import { type ImageRef, ProblemError, parseUploadKey } from '@darkroom/core'
import pMap from 'p-map'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { acceptUpload } from '../uploads/accept-upload.ts'
import { isWithin, type SweepWindow } from './sweep-windows.ts'

/** Per sweep; the rest is found at its next age. Each upload streams up to 50 MB. */
const MAX_UPLOADS = 100
const MAX_CONCURRENT_UPLOADS = 4

export interface AbandonedUploads {
  completed: number
  refused: number
}

/**
 * Completes uploads, by the time when S3 received them, that their client never completed: it crashed, or its page was closed. An upload with missing parts is
 * left alone; a lifecycle rule deletes it.
 */
export async function completeAbandoned(windows: SweepWindow[]): Promise<AbandonedUploads> {
  const uploads = { completed: 0, refused: 0 }
  const completeUntilMax = async (image: ImageRef) => {
    // Those that are still being uploaded do not count, however many there are.
    if (uploads.completed + uploads.refused >= MAX_UPLOADS) return
    const outcome = await complete(image)
    if (outcome) uploads[outcome] += 1
  }
  await pMap(await listAbandoned(windows), completeUntilMax, { concurrency: MAX_CONCURRENT_UPLOADS })
  return uploads
}

/** Each image once, even if it has several uploads. */
async function listAbandoned(windows: SweepWindow[]): Promise<ImageRef[]> {
  const images = new Map<string, ImageRef>()
  const add = ({ app, imageId }: ImageRef) => images.set(`${app}/${imageId}`, { app, imageId })
  for await (const { key, written } of listStored(bucket, 'uploads')) {
    const upload = parseUploadKey(key)
    if (upload && isWithin(windows, written)) add(upload)
  }
  for (const upload of await listMultipartUploads(bucket)) {
    if (isWithin(windows, upload.initiated)) add(upload)
  }
  return [...images.values()]
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
