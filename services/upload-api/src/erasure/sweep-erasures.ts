import { findEraser, listErasures, type PendingErasure } from '@darkroom/bucket'
import { ProblemError } from '@darkroom/core'
import pMap from 'p-map'
import { bucket } from '../clients.ts'
import { logger } from '../logger.ts'
import { completeErasure } from './erase.ts'

/** Longer than a request can take, so that requests under way are left alone. */
const MIN_AGE_MS = 60_000
/** Per sweep; the rest follows a minute later. */
const MAX_ERASURES = 200
const MAX_CONCURRENT_ERASURES = 4

/** Completes erasures that stopped halfway. @returns how many are complete now */
export async function completeErasures(): Promise<number> {
  const stopped: PendingErasure[] = []
  for await (const erasure of listErasures(bucket)) {
    if (Date.now() - erasure.begun.getTime() >= MIN_AGE_MS) stopped.push(erasure)
    if (stopped.length === MAX_ERASURES) break
  }
  const completed = await pMap(stopped, complete, { concurrency: MAX_CONCURRENT_ERASURES })
  return completed.filter(Boolean).length
}

/** An error with one image does not stop the others. */
async function complete({ app, imageId, request }: PendingErasure): Promise<boolean> {
  const image = { app, imageId }
  try {
    const by = await findEraser(bucket, { ...image, request })
    if (by === undefined) return false
    await completeErasure({ ...image, request }, by)
    logger.warn('erasure completed', image)
    return true
  } catch (error) {
    // For example under a legal hold: its request was refused, or would have been.
    if (error instanceof ProblemError && !error.retryable) {
      logger.warn('erasure refused', { ...image, reason: error.slug })
    } else logger.error('erasure not completed', { ...image, error: error as Error })
    return false
  }
}
