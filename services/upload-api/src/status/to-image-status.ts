import { retention } from '@darkroom/app-configuration/deployed'
import { isErasing, type StoredOriginal, signVariant } from '@darkroom/bucket'
import {
  type ImageId,
  type ImageStatus,
  PROBLEMS,
  ProblemError,
  type StoredDocument,
  type StoredErased,
  type StoredFailed,
  type StoredProcessed,
  type StoredUnknown,
  type Tolerant,
  WARNINGS,
} from '@darkroom/core'
import { type AcceptedImage, deadlineOf, isPastDeadline } from '@darkroom/retention'
import { bucket } from '../clients.ts'
import type { FoundImage } from './find-image.ts'
import { toSources, toSrcset } from './to-srcset.ts'

/** The API's answer for an image. A later version may have stored values that this one does not know. */
export type StatusAnswer = Tolerant<ImageStatus>

/** @throws ProblemError `document-unreadable` */
export async function toImageStatus(found: FoundImage): Promise<StatusAnswer> {
  if (found.state === 'queued') return queued(found.original)
  if (found.state === 'finished') return finishedStatus(found.document)
  throw new ProblemError(
    'document-unreadable',
    'The stored record of this image is damaged. Delete the image and upload it again, or ask the operator to repair it.',
  )
}

/**
 * The same for several images, each under the id that was asked for. One that cannot be read is left out; it was logged when
 * it was read.
 */
export function toImageStatuses(found: Iterable<readonly [ImageId, FoundImage]>): Promise<StatusAnswer[]> {
  return Promise.all(
    [...found]
      .filter(([, { state }]) => state !== 'unreadable')
      .map(async ([id, image]) => ({ ...(await toImageStatus(image)), id })),
  )
}

/** The images that an answer has links to variants of. */
export function idsWithLinks(statuses: Pick<StatusAnswer, 'id' | 'variants'>[]): ImageId[] {
  return statuses.filter(({ variants }) => variants?.length).map(({ id }) => id)
}

function finishedStatus(document: StoredDocument): Promise<StatusAnswer> | StatusAnswer {
  switch (document.status) {
    case 'processed':
      return processed(document)
    case 'failed':
      return failed(document)
    case 'erased':
      return erased(document)
    case 'unknown':
      return { ...finished(document), status: document.statedStatus }
  }
}

/** The receipt of an erasure, and whether anything of the image may still be stored. */
async function erased(document: StoredErased): Promise<StatusAnswer> {
  const image = { app: document.app, imageId: document.image_id }
  const complete = !(await isErasing(bucket, image))
  return {
    id: document.image_id,
    app: document.app,
    status: 'erased',
    acceptedAt: document.accepted_at,
    original: {},
    erasure: {
      at: document.erased_at,
      by: document.erased_by,
      objects: document.erased_objects,
      complete,
    },
  }
}

function queued(original: StoredOriginal): StatusAnswer {
  const { imageId, app, acceptedAt, filename, attributes, uploader, contentType, bytes, sha256 } = original
  return {
    id: imageId,
    app,
    status: 'queued',
    acceptedAt,
    filename,
    attributes,
    uploader,
    original: { contentType, bytes, sha256 },
    keptUntil: keptUntil({ app, acceptedAt }),
  }
}

async function processed(document: StoredProcessed): Promise<StatusAnswer> {
  const { width, height } = document
  const common = finished(document)
  return {
    ...common,
    status: 'processed',
    original: { ...common.original, width, height },
    ...(await variantsOf(document)),
    placeholder: { thumbhash: document.thumbhash, dominantColor: document.dominant_color },
    exif: {
      takenAt: document.taken_at,
      cameraMake: document.camera_make,
      cameraModel: document.camera_model,
      lens: document.lens,
      focalLengthMm: document.focal_length_mm,
      exposureSeconds: document.exposure_seconds,
      aperture: document.aperture,
      iso: document.iso,
      flashFired: document.flash_fired,
      software: document.software,
      orientation: document.orientation,
      hadLocation: document.had_location,
    },
    perceptualHash: document.perceptual_hash,
    warnings: document.warnings?.map((type) => ({ type, detail: detailOf(type) })),
  }
}

/** The variants with their URLs, until their retention ends. */
async function variantsOf({
  app,
  accepted_at: acceptedAt,
  variants: stored,
  width,
  height,
}: StoredProcessed): Promise<Pick<StatusAnswer, 'variants' | 'srcset' | 'sources'>> {
  if (isPastDeadline(retention, { app, acceptedAt }, 'processed')) return {}
  const until = deadlineOf(retention, { app, acceptedAt }, 'processed')
  const variants = await Promise.all(
    stored.map(async ({ key, content_type: contentType, ...variant }) => ({
      ...variant,
      contentType,
      url: await signVariant(bucket, key, until),
    })),
  )
  const original = { width, height }
  const sources = toSources(variants, original)
  return { variants, srcset: toSrcset(variants, original), ...(sources.length > 0 && { sources }) }
}

function failed(document: StoredFailed): StatusAnswer {
  const { title, retryable } = problemOf(document.failure_type)
  return {
    ...finished(document),
    status: 'failed',
    failure: { type: document.failure_type, title, detail: document.failure_detail, retryable },
  }
}

function finished(document: StoredProcessed | StoredFailed | StoredUnknown): Omit<StatusAnswer, 'status'> {
  return {
    id: document.image_id,
    app: document.app,
    acceptedAt: document.accepted_at,
    finishedAt: document.finished_at,
    filename: document.filename,
    attributes: document.attributes,
    uploader: document.uploader,
    original: { contentType: document.content_type, bytes: document.bytes, sha256: document.sha256 },
    timings: timingsOf(document),
    keptUntil: keptUntil({ app: document.app, acceptedAt: document.accepted_at }),
  }
}

/** An image that was refused before it was accepted has none. */
function timingsOf({
  queued_ms: queuedMs,
  processing_ms: processingMs,
}: StoredProcessed | StoredFailed | StoredUnknown): StatusAnswer['timings'] {
  return queuedMs === undefined || processingMs === undefined ? undefined : { queuedMs, processingMs }
}

/** Until when each part of an image is kept. */
function keptUntil(image: AcceptedImage): NonNullable<ImageStatus['keptUntil']> {
  const [original, variants, status] = (['input', 'processed', 'metadata'] as const).map((kind) =>
    deadlineOf(retention, image, kind).toISOString(),
  ) as [string, string, string]
  return { original, variants, status }
}

function problemOf(slug: string): { title: string; retryable: boolean } {
  return (
    new Map<string, { title: string; retryable: boolean }>(Object.entries(PROBLEMS)).get(slug) ?? {
      title: slug,
      retryable: false,
    }
  )
}

function detailOf(warning: string): string {
  return new Map<string, string>(Object.entries(WARNINGS)).get(warning) ?? warning
}
