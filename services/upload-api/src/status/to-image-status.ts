import type {
  ErasedDocument,
  FailedDocument,
  ImageStatus,
  MetadataDocument,
  ProcessedDocument,
} from '@darkroom/core'
import { PROBLEMS, WARNINGS } from '@darkroom/core'
import { deadlineOf, isPastDeadline } from '@darkroom/retention'
import { env } from '../environment.ts'
import type { FoundImage } from './find-image.ts'
import { keptUntil } from './kept-until.ts'
import { signedUrl } from './signed-url.ts'
import { toSrcset } from './to-srcset.ts'

/** What the API tells of an image. */
export async function toImageStatus(found: FoundImage): Promise<ImageStatus> {
  if (found.state === 'queued') return queued(found)
  return finishedStatus(found.document)
}

function finishedStatus(document: MetadataDocument): Promise<ImageStatus> | ImageStatus {
  switch (document.status) {
    case 'processed':
      return processed(document)
    case 'failed':
      return failed(document)
    case 'erased':
      return erased(document)
  }
}

/** The receipt of an erasure. */
function erased(document: ErasedDocument): ImageStatus {
  return {
    id: document.image_id,
    app: document.app,
    status: 'erased',
    acceptedAt: document.accepted_at,
    original: {},
    erasure: { at: document.erased_at, by: document.erased_by, objects: document.erased_objects },
  }
}

function queued({
  imageId,
  input,
  contentType,
  bytes,
}: Extract<FoundImage, { state: 'queued' }>): ImageStatus {
  const { app, acceptedAt, filename, attributes, sha256 } = input
  return {
    id: imageId,
    app,
    status: 'queued',
    acceptedAt,
    filename,
    attributes,
    original: { contentType, bytes, sha256 },
    keptUntil: keptUntil({ app, imageId }),
  }
}

async function processed(document: ProcessedDocument): Promise<ImageStatus> {
  const { width, height } = document
  const common = finished(document)
  return {
    ...common,
    status: 'processed',
    original: { ...common.original, width, height },
    ...(await linksOf(document)),
    placeholder: { thumbhash: document.thumbhash, dominantColor: document.dominant_color },
    exif: {
      takenAt: document.taken_at,
      cameraMake: document.camera_make,
      cameraModel: document.camera_model,
      orientation: document.orientation,
      hadLocation: document.had_location,
    },
    perceptualHash: document.perceptual_hash,
    warnings: document.warnings?.map((type) => ({ type, detail: WARNINGS[type] })),
  }
}

/** The variants, until they have had their time. */
async function linksOf({
  app,
  image_id: imageId,
  variants: stored,
  width,
  height,
}: ProcessedDocument): Promise<Pick<ImageStatus, 'variants' | 'srcset'>> {
  if (isPastDeadline(env.RETENTION, { app, imageId }, 'processed')) return {}
  const until = deadlineOf(env.RETENTION, { app, imageId }, 'processed')
  const variants = await Promise.all(
    stored.map(async ({ key, content_type: contentType, ...variant }) => ({
      ...variant,
      contentType,
      url: await signedUrl(key, until),
    })),
  )
  return { variants, srcset: toSrcset(variants, { width, height }) }
}

function failed(document: FailedDocument): ImageStatus {
  const { title, retryable } = PROBLEMS[document.failure_type]
  return {
    ...finished(document),
    status: 'failed',
    failure: { type: document.failure_type, title, detail: document.failure_detail, retryable },
  }
}

function finished(document: ProcessedDocument | FailedDocument): Omit<ImageStatus, 'status'> {
  return {
    id: document.image_id,
    app: document.app,
    acceptedAt: document.accepted_at,
    finishedAt: document.finished_at,
    filename: document.filename,
    attributes: document.attributes,
    original: { contentType: document.content_type, bytes: document.bytes, sha256: document.sha256 },
    timings: timingsOf(document),
    keptUntil: keptUntil({ app: document.app, imageId: document.image_id }),
  }
}

/** Of an image that was refused on its way in there are none. */
function timingsOf({
  queued_ms: queuedMs,
  processing_ms: processingMs,
}: ProcessedDocument | FailedDocument): ImageStatus['timings'] {
  return queuedMs === undefined || processingMs === undefined ? undefined : { queuedMs, processingMs }
}
