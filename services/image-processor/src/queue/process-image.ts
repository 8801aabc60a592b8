import { createHash } from 'node:crypto'
import { retention } from '@darkroom/app-configuration/deployed'
import { getOriginal, putVariant } from '@darkroom/bucket'
import {
  acceptedTypes,
  type ImageRef,
  type NamedPreset,
  OUTPUT_FORMATS,
  ProblemError,
  type StoredVariant,
} from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import { type AcceptedImage, isPastDeadline } from '@darkroom/retention'
import { bucket } from '../clients.ts'
import type { Developer } from '../development/develop.ts'
import type { DevelopedVariant } from '../engines/image-engine.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { choosePreset } from '../presets/choose-preset.ts'
import {
  type Attempt,
  commitSuccess,
  deleteErased,
  type OriginalFacts,
  type Outcome,
  readOutcome,
} from './commit.ts'
import { isTidiedByReconcile } from './tidy-variants.ts'

/**
 * Develops one image. Its document is written last and is the commit. After an interruption, everything is written again,
 * under new keys. An image that is already processed stays unchanged, unless the message asks for another preset.
 *
 * @returns if there may be variants to delete: the keys of those that no attempt can commit any more
 * @throws ProblemError, not retryable, if the image is at fault; after any other error the message is retried
 */
export async function processImage(attempt: Attempt, developer: Developer): Promise<string[] | undefined> {
  const { data: image } = attempt.message
  const [outcome, original] = await Promise.allSettled([readOutcome(image), readOriginal(image)])
  if (outcome.status === 'rejected') throw outcome.reason
  const earlier = outcome.value
  if (earlier?.status === 'erased') {
    await deleteErased(image)
    return
  }
  const preset = await choosePreset(image, developer.name)
  if (earlier && isFinal(earlier) && !needsRedevelopment(image, earlier, preset)) {
    const { status } = earlier
    logger.info('image already finished', { imageId: image.imageId, app: image.app, status })
    return
  }
  requireWithinRetention(image)
  if (original.status === 'rejected') throw original.reason
  const known = Object.assign(attempt, { original: factsOf(original.value) })
  await inspectImage(original.value, acceptedTypes(env.HEIC_DECODER))
  const developed = await developer.develop(original.value, preset, image.app)
  const variants = await putVariants(image, preset, developed.variants)
  const replaced = earlier?.document?.status === 'processed' ? earlier.document.variants : []
  const committed = await commitSuccess(known, preset, developed, variants, earlier)
  if (!earlier && committed === 'written' && isTidiedByReconcile(image)) return
  return [...variants, ...replaced].map(({ key }) => key)
}

/** A failed image can still succeed. A document that this version cannot read is final. */
function isFinal({ status }: Outcome): boolean {
  return status !== 'failed'
}

/** False for a repeated message, because the document already has the preset. */
function needsRedevelopment(
  { redevelop }: Attempt['message']['data'],
  { document }: Outcome,
  preset: NamedPreset,
): boolean {
  if (!redevelop || document?.status !== 'processed') return false
  return document.preset !== preset.name || document.preset_version !== preset.version
}

/** @throws ProblemError `source-expired` if the original was deleted */
export async function readOriginal(image: ImageRef): Promise<Uint8Array> {
  const bytes = await getOriginal(bucket, image)
  if (bytes) return bytes
  throw new ProblemError(
    'source-expired',
    'The original was deleted before it was processed. Upload it again.',
  )
}

function factsOf(original: Uint8Array): OriginalFacts {
  return { bytes: original.length, sha256: createHash('sha256').update(original).digest('hex') }
}

/**
 * An original is not used after its retention, even if S3 has not deleted it yet.
 *
 * @throws ProblemError `source-expired`
 */
function requireWithinRetention(image: AcceptedImage): void {
  if (!isPastDeadline(retention, image, 'input')) return
  throw new ProblemError(
    'source-expired',
    'The retention of the original ended before it was processed. Upload it again.',
  )
}

/**
 * Stores all variants of an image in parallel, under keys that no other attempt writes. If one fails, it still waits for the
 * others: one that arrived after the next attempt would never be deleted.
 */
async function putVariants(
  { app, imageId }: ImageRef,
  preset: NamedPreset,
  variants: DevelopedVariant[],
): Promise<StoredVariant[]> {
  const development = `${crypto.randomUUID().slice(0, 8)}-${preset.name}-v${preset.version}`
  const puts = await Promise.allSettled(
    variants.map(async ({ spec, format, data, width, height }) => {
      const { contentType, extension } = OUTPUT_FORMATS[format]
      const variant = { app, imageId, variant: spec.name, development, extension }
      const key = await putVariant(bucket, variant, data, contentType)
      return { name: spec.name, key, content_type: contentType, width, height, bytes: data.length }
    }),
  )
  return puts.map((put) => {
    if (put.status === 'rejected') throw put.reason
    return put.value
  })
}
