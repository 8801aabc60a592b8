import { presets } from '@darkroom/app-configuration/deployed'
import {
  deleteEverything,
  everythingOf,
  type FoundDocument,
  forgetBytes,
  getDocument,
  putDocument,
} from '@darkroom/bucket'
import {
  type ImageAccepted,
  type ImageRef,
  type NamedPreset,
  PERCEPTUAL_HASH_VERSION,
  type ProblemError,
  type StoredDocument,
  type StoredFailed,
  type StoredProcessed,
  type StoredVariant,
  type Tolerant,
  traceIdOf,
} from '@darkroom/core'
import { bucket } from '../clients.ts'
import type { Developed } from '../development/develop.ts'
import type { ImageEngine } from '../engines/image-engine.ts'
import { logger } from '../logger.ts'
import { countNotRedeveloped, reportReady } from '../metrics.ts'

/** One try at one message. */
export interface Attempt {
  message: Tolerant<ImageAccepted>
  /** How often SQS has delivered the message, including this time. */
  receiveCount: number
  /** Unix milliseconds. */
  started: number
  engine?: ImageEngine['name']
  /** Of the stored object, once it was read. Sizes and hashes in the message are not used. */
  original?: OriginalFacts
}

/** In a document's terms. */
export type OriginalFacts = Pick<StoredProcessed, 'bytes' | 'sha256'>

/** The result of an image, by its document. */
export type Outcome = FoundDocument & {
  /** The content of an `unreadable` document is unknown, so it is final and never overwritten here. */
  status: StoredDocument['status'] | 'unreadable'
}

/** Undefined while the image is not finished. */
export async function readOutcome(image: ImageRef): Promise<Outcome | undefined> {
  const found = await getDocument(bucket, image)
  return found && { ...found, status: found.document?.status ?? 'unreadable' }
}

/**
 * Commits an image as processed, which is final. If it replaces an `earlier` result, it keeps the timings of the first
 * one, which the owner waited for.
 */
export async function commitSuccess(
  attempt: Attempt & { original: OriginalFacts },
  preset: NamedPreset,
  developed: Developed,
  variants: StoredVariant[],
  earlier?: Outcome,
): Promise<'written' | 'finished' | 'unreadable'> {
  const first = earlier?.document?.status === 'processed' ? earlier.document : undefined
  const document: StoredProcessed = {
    ...arrivalOf(attempt),
    ...attempt.original,
    ...(first && waitOf(first)),
    status: 'processed',
    width: developed.width,
    height: developed.height,
    taken_at: developed.takenAt,
    camera_make: developed.cameraMake,
    camera_model: developed.cameraModel,
    lens: developed.lens,
    focal_length_mm: developed.focalLengthMm,
    exposure_seconds: developed.exposureSeconds,
    aperture: developed.aperture,
    iso: developed.iso,
    flash_fired: developed.flashFired,
    software: developed.software,
    orientation: developed.orientation,
    had_location: developed.hadLocation,
    had_content_credentials: developed.hadContentCredentials,
    thumbhash: developed.thumbhash,
    dominant_color: developed.dominantColor,
    perceptual_hash: developed.perceptualHash,
    perceptual_hash_version: PERCEPTUAL_HASH_VERSION,
    preset: preset.name,
    preset_version: preset.version,
    variants,
    variants_bytes: variants.reduce((sum, variant) => sum + variant.bytes, 0),
    ...(developed.warnings.length > 0 && { warnings: developed.warnings }),
  }
  const committed = await commit(attempt, document, first && earlier)
  const done = first ? 'image developed again' : 'image processed'
  logger.info(committed === 'written' ? done : 'image already finished', summaryOf(document))
  return committed
}

function waitOf({ queued_ms, processing_ms, receive_count }: StoredProcessed) {
  return { queued_ms, processing_ms, receive_count }
}

/**
 * Commits an image as failed, with a reason for its owner, unless it has been processed meanwhile.
 *
 * @returns false if the image already has another final result, so nothing is left to do
 */
export async function commitFailure(attempt: Attempt, problem: ProblemError): Promise<boolean> {
  const document: StoredFailed = {
    ...arrivalOf(attempt),
    ...attempt.original,
    status: 'failed',
    failure_type: problem.slug,
    failure_detail: problem.detail,
  }
  const committed = await commit(attempt, document)
  const failure = { failure: problem.slug, cause: problem.cause as Error }
  if (committed === 'finished' && attempt.message.data.redevelop)
    reportNotRedeveloped(attempt.message, failure)
  else
    logger.warn(committed === 'written' ? 'image failed' : 'image already finished', {
      ...summaryOf(document),
      ...failure,
    })
  return committed !== 'finished'
}

/** Whether a message asks for a preset, or a version of it, that its processed image does not have. */
export function isRedevelopmentOpen(
  { redevelop }: Attempt['message']['data'],
  { document }: Outcome,
): boolean {
  if (!redevelop || document?.status !== 'processed') return false
  const preset = Object.hasOwn(presets, redevelop.preset) ? presets[redevelop.preset] : undefined
  return document.preset !== redevelop.preset || document.preset_version !== preset?.version
}

/** The owner keeps the variants of the earlier development, so only the operator learns of it. */
export function reportNotRedeveloped(
  { data, traceparent }: Attempt['message'],
  failure: { failure: string; cause?: Error },
): void {
  const { app, imageId, redevelop } = data
  const { preset } = redevelop ?? {}
  logger.error('image not developed again', {
    imageId,
    app,
    preset,
    ...failure,
    traceId: traceIdOf(traceparent),
  })
  countNotRedeveloped()
}

function arrivalOf({ message, receiveCount, started, engine }: Attempt) {
  const { data: image, traceparent } = message
  const { origin } = image
  return {
    schema_version: 1 as const,
    image_id: image.imageId,
    app: image.app,
    accepted_at: image.acceptedAt,
    finished_at: new Date().toISOString(),
    origin: origin.kind,
    ...('topic' in origin && {
      kafka_topic: origin.topic,
      kafka_partition: origin.partition,
      kafka_offset: origin.offset,
    }),
    filename: image.filename,
    attributes: image.attributes,
    ...(image.uploader !== undefined && { uploader: image.uploader }),
    content_type: image.contentType,
    queued_ms: Math.max(0, started - Date.parse(image.acceptedAt)),
    processing_ms: Date.now() - started,
    receive_count: receiveCount,
    engine,
    traceparent,
  }
}

const MAX_COMMIT_ATTEMPTS = 5

/**
 * Writes the document unless there is a final one other than the one that it `replaces`. Every document except a failure
 * is final. Each write is conditional on the document that was read before; after a lost race, the document is read
 * again. An image that was erased meanwhile stays erased, and its new variants are deleted.
 */
async function commit(
  { message: { data: image } }: Attempt,
  document: StoredProcessed | StoredFailed,
  replaces?: Outcome,
): Promise<'written' | 'finished' | 'unreadable'> {
  let earlier = replaces
  for (let attempt = 1; attempt <= MAX_COMMIT_ATTEMPTS; attempt++) {
    if (await putDocument(bucket, document, earlier)) {
      if (!earlier) reportReady(document)
      return 'written'
    }
    earlier = await readOutcome(image)
    if (earlier?.status === 'processed' && replaces) {
      throw new Error('another message replaced the document')
    }
    if (earlier?.status === 'unreadable') return 'unreadable'
    if (earlier?.status === 'processed' || earlier?.status === 'unknown') return 'finished'
    if (earlier?.status === 'erased') {
      await deleteErased(image)
      return 'finished'
    }
  }
  throw new Error(`its document was changed ${MAX_COMMIT_ATTEMPTS} times by other writers`)
}

/**
 * Deletes what was written for an image while or after it was erased: new variants, an original that was uploaded again
 * under its id, and the entry under its hash. Its document, the receipt, stays. The hash is the
 * message's: only an entry that names this image is deleted, so a wrong hash deletes nothing.
 */
export async function deleteErased({ app, imageId, sha256 }: ImageRef & { sha256: string }): Promise<void> {
  const image = { app, imageId }
  await deleteEverything(bucket, await everythingOf(bucket, image))
  await forgetBytes(bucket, { ...image, sha256 })
  logger.info('image stays erased', image)
}

function summaryOf({
  image_id,
  app,
  bytes,
  queued_ms,
  processing_ms,
  receive_count,
  traceparent,
}: StoredProcessed | StoredFailed) {
  return {
    imageId: image_id,
    app,
    bytes,
    queuedMs: queued_ms,
    processingMs: processing_ms,
    receiveCount: receive_count,
    traceId: traceIdOf(traceparent),
  }
}
