import { deleteVariants, listVariants } from '@darkroom/bucket'
import type { ImageRef } from '@darkroom/core'
import { bucket } from '../clients.ts'
import { readOutcome } from './commit.ts'

/** Longer than a function runs: the attempt that wrote a variant before that is over, and has committed it or never will. */
export const SETTLED_SECONDS = 120

/** Other attempts can still commit the variants that they have just written. */
export class UnsettledVariants extends Error {
  override name = 'UnsettledVariants'
}

/**
 * Deletes variants that the document does not list, after a crash or a lost race: those that are `done`, because no attempt
 * can commit them any more, and old ones. Each attempt writes keys of its own, so what is deleted is never written again.
 *
 * @param done keys
 * @throws UnsettledVariants if there are others, so look again after `SETTLED_SECONDS`
 */
export async function tidyVariants(image: ImageRef, done: readonly string[] = []): Promise<void> {
  const document = (await readOutcome(image))?.document
  if (!document || document.status === 'unknown') return
  const listed = document.status === 'processed' ? document.variants : []
  const keep = new Set(listed.map(({ key }) => key))
  const unlisted = (await listVariants(bucket, image)).filter(({ key }) => !keep.has(key))
  const settled = Date.now() - SETTLED_SECONDS * 1000
  const left = unlisted.filter(({ key, written }) => done.includes(key) || written.getTime() < settled)
  await deleteVariants(
    bucket,
    left.map(({ key }) => key),
  )
  if (left.length < unlisted.length) throw new UnsettledVariants('another attempt may still commit variants')
}
