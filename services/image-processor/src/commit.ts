import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3'
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
import type { Attempt } from './attempt.ts'
import { s3 } from './clients.ts'
import type { Developed } from './develop.ts'
import { env } from './env.ts'
import { logger } from './logger.ts'

/** The image's metadata document, or undefined while it is not finished. */
export async function readDocument(image: ImageRef): Promise<MetadataDocument | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: env.BUCKET, Key: metadataKey(image) }))
    return Body && MetadataDocument.parse(JSON.parse(await Body.transformToString()))
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined
    throw error
  }
}

/** Commits an image as processed; from here on its status is final. */
export async function commitSuccess(
  attempt: Attempt,
  preset: NamedPreset,
  developed: Developed,
  variants: StoredVariant[],
): Promise<void> {
  const document: ProcessedDocument = {
    ...arrivalOf(attempt),
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
  }
  await putDocument(document)
  logger.info('image processed', summaryOf(document))
}

/** Commits an image as failed, with the reason that its owner reads, unless it has been processed meanwhile. */
export async function commitFailure(attempt: Attempt, problem: ProblemError): Promise<void> {
  const document: FailedDocument = {
    ...arrivalOf(attempt),
    status: 'failed',
    failure_type: problem.slug,
    failure_detail: problem.detail,
  }
  const earlier = await readDocument(attempt.message.data)
  if (earlier?.status === 'processed') return
  await putDocument(document, earlier ? {} : { IfNoneMatch: '*' })
  logger.warn('image failed', {
    ...summaryOf(document),
    failure: problem.slug,
    cause: problem.cause as Error,
  })
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

async function putDocument(
  document: MetadataDocument,
  condition: { IfNoneMatch?: string } = {},
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: env.BUCKET,
      Key: metadataKey({ app: document.app, imageId: document.image_id }),
      Body: `${JSON.stringify(document)}\n`,
      ContentType: 'application/json',
      ...condition,
    }),
  )
}

function summaryOf({ image_id, app, bytes, queued_ms, processing_ms, receive_count }: MetadataDocument) {
  return {
    imageId: image_id,
    app,
    bytes,
    queuedMs: queued_ms,
    processingMs: processing_ms,
    receiveCount: receive_count,
  }
}
