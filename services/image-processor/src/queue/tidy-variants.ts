import { deleteVariants, listVariants, type StoredObject } from '@darkroom/bucket'
import { type ImageRef, parseProcessedKey, type StoredDocument } from '@darkroom/core'
import { bucket } from '../clients.ts'
import { readOutcome } from './commit.ts'

/** Longer than a function runs: the attempt that wrote a variant before that is over, and has committed it or never will. */
export const SETTLED_SECONDS = 120

/** Other attempts can still commit the variants that they have just written. */
export class UnsettledVariants extends Error {
  override name = 'UnsettledVariants'
}

/**
 * Deletes variants that the document does not list, after a crash or a lost race. No attempt can commit them any more if
 * they are old, or `done`, or of the preset that the document has. Each attempt writes keys of its own, so what is deleted is
 * never written again.
 *
 * @param done keys
 * @throws UnsettledVariants if there are others, so look again after `SETTLED_SECONDS`
 */
export async function tidyVariants(image: ImageRef, done: readonly string[] = []): Promise<void> {
  const variants = await listVariants(bucket, image)
  // After the listing: whoever wrote these variants had read this document before, or an earlier one.
  const document = (await readOutcome(image))?.document
  if (!document || document.status === 'unknown') return
  const listed = document.status === 'processed' ? document.variants : []
  const keep = new Set(listed.map(({ key }) => key))
  const unlisted = variants.filter(({ key }) => !keep.has(key))
  const left = unlisted.filter(
    (variant) => done.includes(variant.key) || isOld(variant) || hasPresetOf(document, variant),
  )
  await deleteVariants(
    bucket,
    left.map(({ key }) => key),
  )
  if (left.length < unlisted.length) throw new UnsettledVariants('another attempt may still commit variants')
}

const isOld = ({ written }: StoredObject) => Date.now() - written.getTime() > SETTLED_SECONDS * 1000

/** An image is not developed again by the preset that it has, and a document that was read before can no longer be replaced. */
function hasPresetOf(document: StoredDocument, { key }: StoredObject): boolean {
  if (document.status !== 'processed') return false
  const { development } = parseProcessedKey(key) ?? {}
  return development?.replace(/^[0-9a-f]+-/, '') === `${document.preset}-v${document.preset_version}`
}
