import { acceptedTypes, type NamedPreset } from '@darkroom/core'
import { inspectImage } from '@darkroom/image-file'
import type { Developer } from '../development/develop.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'
import { choosePreset } from '../presets/preset-configuration.ts'
import type { Attempt } from './attempt.ts'
import { commitSuccess, type Outcome, readOutcome } from './commit.ts'
import { deleteErased } from './delete-erased.ts'
import { getOriginal } from './get-original.ts'
import { putVariants } from './put-variants.ts'
import { requireWithinRetention } from './require-within-retention.ts'

/**
 * Develops one image. Its document is written last and is the commit: whatever stops half-way is done again,
 * over the same keys, and an image that is already processed is left as it is, unless the message asks for it to be
 * developed again by a preset, and that is not what it was developed by.
 *
 * @throws ProblemError, not retryable, if the image is at fault; anything else is worth another try
 */
export async function processImage(attempt: Attempt, developer: Developer): Promise<void> {
  const { data: image } = attempt.message
  const [outcome, original] = await Promise.allSettled([readOutcome(image), getOriginal(image.s3Uri)])
  if (outcome.status === 'rejected') throw outcome.reason
  if (outcome.value?.status === 'erased') return deleteErased(image)
  const preset = choosePreset(image)
  if (outcome.value && isFinal(outcome.value) && !isToRedevelop(image, outcome.value, preset)) {
    const { status } = outcome.value
    logger.info('image already finished', { imageId: image.imageId, app: image.app, status })
    return
  }
  requireWithinRetention(image)
  if (original.status === 'rejected') throw original.reason
  await inspectImage(original.value, acceptedTypes(env.HEIC_DECODER))
  const developed = await developer.develop(original.value, preset)
  const variants = await putVariants(image, developed.variants)
  await commitSuccess(attempt, preset, developed, variants, outcome.value)
}

/** A failed image may still succeed. A document that this version cannot judge stands. */
function isFinal({ status }: Outcome): boolean {
  return status !== 'failed'
}

/** A message that comes twice finds its work done. */
function isToRedevelop(
  { redevelop }: Attempt['message']['data'],
  { document }: Outcome,
  preset: NamedPreset,
): boolean {
  if (!redevelop || document?.status !== 'processed') return false
  return document.preset !== preset.name || document.preset_version !== preset.version
}
