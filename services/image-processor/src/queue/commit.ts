import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import {
  type ImageRef,
  metadataKey,
  type NamedPreset,
  type ProblemError,
  readDocument,
  type StoredDocument,
  type StoredFailed,
  type StoredProcessed,
  type StoredVariant,
} from '@darkroom/core'
import { s3 } from '../clients.ts'
import type { Developed } from '../development/develop.ts'
import { env } from '../environment.ts'
import { logger, reportUnreadable } from '../logger.ts'
import type { Attempt } from './attempt.ts'
import { deleteErased } from './delete-erased.ts'

/** How an image has ended, by its document. */
export interface Outcome {
  /** Nobody knows what an `unreadable` document says, so it is final: it is never overwritten here. */
  status: StoredDocument['status'] | 'unreadable'
  document: StoredDocument | undefined
  /** Of that document, for a conditional write. */
  etag: string | undefined
}

/** Undefined while the image is not finished. */
export async function readOutcome(image: ImageRef): Promise<Outcome | undefined> {
  try {
    const get = new GetObjectCommand({ Bucket: env.BUCKET, Key: metadataKey(image) })
    const { Body, ETag } = await s3.send(get)
    if (!Body) throw new Error(`no body came with ${metadataKey(image)}`)
    const { document, unreadable } = readDocument(await Body.transformToString(), image)
    if (unreadable !== undefined) reportUnreadable(metadataKey(image), unreadable)
    return { status: document?.status ?? 'unreadable', document, etag: ETag }
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

/**
 * Commits an image as processed; from here on its status is final. Where it takes the place of an `earlier` development,
 * it still tells how long its owner waited for the first one, and the variants go that only that one had.
 */
export async function commitSuccess(
  attempt: Attempt,
  preset: NamedPreset,
  developed: Developed,
  variants: StoredVariant[],
  earlier?: Outcome,
): Promise<void> {
  const first = earlier?.document?.status === 'processed' ? earlier.document : undefined
  const document: StoredProcessed = {
    ...arrivalOf(attempt),
    ...(first && waitOf(first)),
    status: 'processed',
    width: developed.width,
    height: developed.height,
    taken_at: developed.takenAt,
    camera_make: developed.cameraMake,
    camera_model: developed.cameraModel,
    orientation: developed.orientation,
    had_location: developed.hadLocation,
    thumbhash: developed.thumbhash,
    dominant_color: developed.dominantColor,
    perceptual_hash: developed.perceptualHash,
    preset: preset.name,
    preset_version: preset.version,
    variants,
    variants_bytes: variants.reduce((sum, variant) => sum + variant.bytes, 0),
    ...(developed.warnings.length > 0 && { warnings: developed.warnings }),
  }
  const committed = await commit(document, first && earlier)
  if (committed === 'written' && first) await deleteStaleVariants(first, variants)
  const done = first ? 'image developed again' : 'image processed'
  logger.info(committed === 'written' ? done : 'image already finished', summaryOf(document))
}

function waitOf({ queued_ms, processing_ms, receive_count }: StoredProcessed) {
  return { queued_ms, processing_ms, receive_count }
}

async function deleteStaleVariants(first: StoredProcessed, variants: StoredVariant[]): Promise<void> {
  const kept = new Set(variants.map(({ key }) => key))
  const stale = first.variants.filter(({ key }) => !kept.has(key))
  await Promise.all(
    stale.map(({ key: Key }) => s3.send(new DeleteObjectCommand({ Bucket: env.BUCKET, Key }))),
  )
}

/**
 * Commits an image as failed, with the reason that its owner reads, unless it has been processed meanwhile.
 *
 * @returns false if the image has ended otherwise, so that nothing is left to do
 */
export async function commitFailure(attempt: Attempt, problem: ProblemError): Promise<boolean> {
  const document: StoredFailed & { sha256: string } = {
    ...arrivalOf(attempt),
    status: 'failed',
    failure_type: problem.slug,
    failure_detail: problem.detail,
  }
  const committed = await commit(document)
  const failure = { failure: problem.slug, cause: problem.cause as Error }
  logger.warn(committed === 'written' ? 'image failed' : 'image already finished', {
    ...summaryOf(document),
    ...failure,
  })
  return committed !== 'finished'
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
    content_type: image.contentType,
    bytes: image.bytes,
    sha256: image.sha256,
    queued_ms: Math.max(0, started - Date.parse(image.acceptedAt)),
    processing_ms: Date.now() - started,
    receive_count: receiveCount,
    engine,
    traceparent,
  }
}

const COMMIT_ATTEMPTS = 5

type WriteCondition = Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>

/**
 * Writes the document unless there is a final one, other than the one that it `replaces`. Only a failure is not final.
 * Every write is conditional on what was seen before it, so whoever loses a race looks again. An image that was erased
 * meanwhile stays erased, and its new variants are deleted.
 */
async function commit(
  document: (StoredProcessed | StoredFailed) & { sha256: string },
  replaces?: Outcome,
): Promise<'written' | 'finished' | 'unreadable'> {
  const image = { app: document.app, imageId: document.image_id, sha256: document.sha256 }
  let condition: WriteCondition = replaces ? { IfMatch: replaces.etag } : { IfNoneMatch: '*' }
  for (let attempt = 1; ; attempt++) {
    try {
      await putDocument(image, document, condition)
      return 'written'
    } catch (error) {
      if (!isLostRace(error) || attempt === COMMIT_ATTEMPTS) throw error
    }
    const earlier = await readOutcome(image)
    if (earlier?.status === 'processed' && replaces)
      throw new Error('it was developed again by another message')
    if (earlier?.status === 'unreadable') return 'unreadable'
    if (earlier?.status === 'processed' || earlier?.status === 'unknown') return 'finished'
    if (earlier?.status === 'erased') {
      await deleteErased(image)
      return 'finished'
    }
    condition = earlier ? { IfMatch: earlier.etag } : { IfNoneMatch: '*' }
  }
}

/** 412: the condition did not hold; 409: two writers at once; 404: what was to be replaced is gone. */
function isLostRace(error: unknown): boolean {
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  return status === 412 || status === 409 || status === 404
}

async function putDocument(
  image: ImageRef,
  document: StoredProcessed | StoredFailed,
  condition: WriteCondition,
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: env.BUCKET,
      Key: metadataKey(image),
      Body: `${JSON.stringify(document)}\n`,
      ContentType: 'application/json',
      ...condition,
    }),
  )
}

function summaryOf({
  image_id,
  app,
  bytes,
  queued_ms,
  processing_ms,
  receive_count,
}: StoredProcessed | StoredFailed) {
  return {
    imageId: image_id,
    app,
    bytes,
    queuedMs: queued_ms,
    processingMs: processing_ms,
    receiveCount: receive_count,
  }
}
