import {
  DeleteObjectCommand,
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import {
  type FailedDocument,
  type ImageRef,
  MetadataDocument,
  metadataKey,
  type NamedPreset,
  type ProblemError,
  type ProcessedDocument,
  type StoredVariant,
} from '@darkroom/core'
import { s3 } from '../clients.ts'
import type { Developed } from '../development/develop.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import type { Attempt } from './attempt.ts'
import { deleteErased } from './delete-erased.ts'

/** How an image has ended, by the document that says so. */
export interface Outcome {
  status: MetadataDocument['status']
  document: MetadataDocument
  /** Of that document, for a conditional write. */
  etag: string | undefined
}

/** Undefined while the image is not finished. */
export async function readOutcome(image: ImageRef): Promise<Outcome | undefined> {
  try {
    const get = new GetObjectCommand({ Bucket: env.BUCKET, Key: metadataKey(image) })
    const { Body, ETag } = await s3.send(get)
    if (!Body) throw new Error(`no body came with ${metadataKey(image)}`)
    const document = MetadataDocument.parse(JSON.parse(await Body.transformToString()))
    return { status: document.status, document, etag: ETag }
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
  const first = earlier?.document.status === 'processed' ? earlier.document : undefined
  const document: ProcessedDocument = {
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
    dominant_color: developed.dominantColour,
    perceptual_hash: developed.perceptualHash,
    preset: preset.name,
    preset_version: preset.version,
    variants,
    variants_bytes: variants.reduce((sum, variant) => sum + variant.bytes, 0),
    ...(developed.warnings.length > 0 && { warnings: developed.warnings }),
  }
  const committed = await commit(document, first && earlier)
  if (committed && first) await deleteStaleVariants(first, variants)
  const done = first ? 'image developed again' : 'image processed'
  logger.info(committed ? done : 'image already finished', summaryOf(document))
}

function waitOf({ queued_ms, processing_ms, receive_count }: ProcessedDocument) {
  return { queued_ms, processing_ms, receive_count }
}

async function deleteStaleVariants(first: ProcessedDocument, variants: StoredVariant[]): Promise<void> {
  const kept = new Set(variants.map(({ key }) => key))
  const stale = first.variants.filter(({ key }) => !kept.has(key))
  await Promise.all(
    stale.map(({ key: Key }) => s3.send(new DeleteObjectCommand({ Bucket: env.BUCKET, Key }))),
  )
}

/**
 * Commits an image as failed, with the reason that its owner reads, unless it has been processed meanwhile.
 *
 * @returns whether the image counts as failed now
 */
export async function commitFailure(attempt: Attempt, problem: ProblemError): Promise<boolean> {
  const document: FailedDocument & { sha256: string } = {
    ...arrivalOf(attempt),
    status: 'failed',
    failure_type: problem.slug,
    failure_detail: problem.detail,
  }
  const committed = await commit(document)
  const failure = { failure: problem.slug, cause: problem.cause as Error }
  logger.warn(committed ? 'image failed' : 'image already finished', { ...summaryOf(document), ...failure })
  return committed
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
    ...(origin.kind === 'kafka' && {
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
 * Writes the document unless the image is processed: that is final, but for the one outcome that it `replaces`. Every
 * write is conditional on what was seen before it, so whoever loses a race looks again. An image that was erased meanwhile
 * stays erased, and what was made of it goes.
 *
 * @returns whether it was written
 */
async function commit(
  document: (ProcessedDocument | FailedDocument) & { sha256: string },
  replaces?: Outcome,
): Promise<boolean> {
  const image = { app: document.app, imageId: document.image_id, sha256: document.sha256 }
  let condition: WriteCondition = replaces ? { IfMatch: replaces.etag } : { IfNoneMatch: '*' }
  for (let attempt = 1; ; attempt++) {
    try {
      await putDocument(image, document, condition)
      return true
    } catch (error) {
      if (!isLostRace(error) || attempt === COMMIT_ATTEMPTS) throw error
    }
    const earlier = await readOutcome(image)
    if (earlier?.status === 'processed' && replaces)
      throw new Error('it was developed again by another message')
    if (earlier?.status === 'processed') return false
    if (earlier?.status === 'erased') {
      await deleteErased(image)
      return false
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
  document: MetadataDocument,
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
}: ProcessedDocument | FailedDocument) {
  return {
    imageId: image_id,
    app,
    bytes,
    queuedMs: queued_ms,
    processingMs: processing_ms,
    receiveCount: receive_count,
  }
}
