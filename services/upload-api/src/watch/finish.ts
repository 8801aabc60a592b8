import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { retention } from '@darkroom/app-configuration/deployed'
import {
  findEraser,
  findKnownBytes,
  findOriginal,
  forgetBytes,
  getDocument,
  hasHash,
  readUploadDetails,
  tidyVariants,
} from '@darkroom/bucket'
import {
  type ErasureRef,
  type HashRef,
  type ImageRef,
  ProblemError,
  parseErasureKey,
  parseHashKey,
  parseInputKey,
  parseMetadataKey,
  parseUploadKey,
  type UploadRef,
} from '@darkroom/core'
import { enqueueImage } from '@darkroom/intake'
import { isPastDeadline } from '@darkroom/retention'
import { record } from '../audit-trail.ts'
import { QueueBehind } from '../backlog.ts'
import { bucket, sqs } from '../clients.ts'
import { parkedQueueUrl } from '../environment.ts'
import { completeErasure } from '../erasure/erase.ts'
import { imageQueue } from '../intake.ts'
import { logger } from '../logger.ts'
import { count } from '../metrics.ts'
import { refusals } from '../refusals.ts'
import { acceptUpload } from '../uploads/accept-upload.ts'

/**
 * Looks at an object that was written minutes ago, and does what is left to do.
 *
 * @param behind whether the image queue is behind: then nothing is enqueued
 * @returns false if it has to be looked at again
 * @throws QueueBehind, ProblemError `storage-unavailable`
 */
export async function isFinished(key: string, behind: Promise<boolean>): Promise<boolean> {
  const original = parseInputKey(key)
  if (original) return isProcessed(original, behind)
  const upload = parseUploadKey(key)
  if (upload) return isCompleted(upload, key)
  const erasure = parseErasureKey(key)
  if (erasure) return isErased(erasure)
  const bytes = parseHashKey(key)
  if (bytes) return isForgotten(bytes)
  const finished = parseMetadataKey(key)
  if (finished) return tidyVariants(bucket, finished)
  logger.warn('watched key is not of an image', { key })
  count('WatchedEventsUnreadable')
  return true
}

/** The message may have been lost, or not been sent. Another one is a repetition to the processor. */
async function isProcessed(image: ImageRef, behind: Promise<boolean>): Promise<boolean> {
  const found = await getDocument(bucket, image)
  // What was stored again after an erasure is enqueued, and the processor deletes it.
  if (found && found.document?.status !== 'erased') return true
  const original = await findOriginal(bucket, image)
  if (!original || isPastDeadline(retention, original, 'input')) return true
  if (!hasHash(original)) {
    logger.error('image not enqueued again: its original has no hash', { ...image })
    count('WatchedEventsUnreadable')
    return true
  }
  if (await behind) throw new QueueBehind('the image queue is behind')
  try {
    await enqueueImage(imageQueue, original)
    logger.warn('image enqueued again', { ...image, acceptedAt: original.acceptedAt })
    count('ImagesEnqueuedAgain')
  } catch (error) {
    logger.warn('image not enqueued again, will be retried', { ...image, error: error as Error })
  }
  return false
}

/** Its client crashed, or its page was closed. The original that it becomes has an event of its own. */
async function isCompleted({ app, imageId, bytes }: UploadRef, key: string): Promise<boolean> {
  const image = { app, imageId }
  if (!(await readUploadDetails(bucket, { ...image, bytes, key }))) return true
  return isAcceptedNow(image)
}

/** Accepts an upload that nobody completed. @returns false if it has to be looked at again */
export async function isAcceptedNow(image: ImageRef): Promise<boolean> {
  try {
    const { image: accepted, replayed } = await acceptUpload(image)
    logger.warn('abandoned upload completed', { ...image, replayed })
    const images = [accepted.imageId]
    if (!replayed)
      record({ act: 'image.uploaded', outcome: 'done', app: image.app, images, who: { kind: 'watch' } })
    count('UploadsCompleted')
    return true
  } catch (error) {
    if (!(error instanceof ProblemError) || error.status >= 500) {
      logger.error('abandoned upload not completed', { ...image, error: error as Error })
      return false
    }
    if (error.slug === 'upload-incomplete' || error.slug === 'not-found') return true
    logger.warn('abandoned upload refused', { ...image, reason: error.slug, detail: error.detail })
    count('UploadsRefused')
    await refusals.report({ app: image.app, problem: error })
    return true
  }
}

/** The request that began the erasure stopped halfway. */
async function isErased(erasure: ErasureRef): Promise<boolean> {
  const image = { app: erasure.app, imageId: erasure.imageId }
  const by = await findEraser(bucket, erasure)
  if (by === undefined) return true
  try {
    await completeErasure(erasure, by)
    logger.warn('erasure completed', image)
    record({
      act: 'image.erased',
      outcome: 'done',
      app: image.app,
      images: [image.imageId],
      who: { kind: 'watch', credential: by },
    })
    count('ErasuresCompleted')
    return true
  } catch (error) {
    // For example under a legal hold: its request was refused, or would have been.
    if (error instanceof ProblemError && !error.retryable) {
      logger.warn('erasure refused', { ...image, reason: error.slug })
      return true
    }
    logger.error('erasure not completed', { ...image, error: error as Error })
    return false
  }
}

/** An upload that ran beside an erasure may have written the entry for its bytes after the erasure had deleted it. */
async function isForgotten(bytes: HashRef): Promise<boolean> {
  const known = await findKnownBytes(bucket, bytes)
  if (known?.imageId === undefined) return true
  const image = { app: bytes.app, imageId: known.imageId }
  const found = await getDocument(bucket, image)
  if (found?.document?.status !== 'erased') return true
  await forgetBytes(bucket, { ...image, sha256: bytes.sha256 })
  logger.warn('hash of an erased image deleted', image)
  count('HashesForgotten')
  return true
}

/**
 * Parks the message of an image that could not be finished for days. That of an upload or an erasure is parked as it is.
 *
 * @param event S3's, as it was received
 */
export async function giveUp(key: string, event: string): Promise<void> {
  const image = parseInputKey(key)
  const original = image && (await findOriginal(bucket, image))
  if (original && hasHash(original)) await enqueueImage({ ...imageQueue, queueUrl: parkedQueueUrl }, original)
  else await park(event)
  logger.error('not finished for three days, parked', { key })
  count('WatchedImagesParked')
}

/** The same for an event that could not be looked at because of an error in Darkroom. */
export async function giveUpUnread(event: string): Promise<void> {
  await park(event)
  logger.error('event of S3 not looked at for three days, parked', {})
  count('WatchedImagesParked')
}

async function park(event: string): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: parkedQueueUrl, MessageBody: event }))
}
