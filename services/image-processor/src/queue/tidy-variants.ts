import { createHash } from 'node:crypto'
import { deleteVariants, listVariants, type StoredObject } from '@darkroom/bucket'
import {
  type ImageAccepted,
  type NamedPreset,
  parseProcessedKey,
  type StoredProcessed,
  type Tolerant,
} from '@darkroom/core'
import { bucket } from '../clients.ts'
import { readOutcome } from './commit.ts'

type Message = Pick<Tolerant<ImageAccepted>, 'id' | 'data'>

/** Part of the keys of the variants that a message makes with a preset. The same message always makes the same keys. */
export function developmentOf({ id }: Message, { name, version }: NamedPreset): string {
  return `${messageDigest(id)}-${name}-v${version}`
}

function messageDigest(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 8)
}

/** Longer than a function runs: whoever wrote a variant before that will not commit it any more. */
const SETTLED_MS = 120_000

/**
 * Deletes variants that no document lists, after a crash or a lost race. Old ones are always deleted. Of a processed image, so
 * are those of this message and of the image's first one, which cannot be committed any more, and those of the document that
 * it `replaced`.
 *
 * @throws Error if there are others: another message may be working on them, so look again later
 */
export async function tidyVariants({ id, data: image }: Message, replaced?: StoredProcessed): Promise<void> {
  const document = (await readOutcome(image))?.document
  if (!document || document.status === 'unknown') return
  const listed = document.status === 'processed' ? document.variants : []
  const keep = new Set(listed.map(({ key }) => key))
  const unlisted = (await listVariants(bucket, image)).filter(({ key }) => !keep.has(key))
  const isOld = ({ written }: StoredObject) => Date.now() - written.getTime() > SETTLED_MS
  if (document.status !== 'processed') return deleteVariants(bucket, unlisted.filter(isOld).map(keyOf))

  const replacedKeys = new Set(replaced?.variants.map(({ key }) => key))
  // The id of the first message is the image's.
  const messages = [id, image.imageId].map(messageDigest)
  const isDone = ({ key }: StoredObject) => {
    const development = parseProcessedKey(key)?.development
    return (
      development === undefined ||
      replacedKeys.has(key) ||
      messages.some((digest) => development.startsWith(`${digest}-`))
    )
  }
  const left = unlisted.filter((variant) => isOld(variant) || isDone(variant))
  await deleteVariants(bucket, left.map(keyOf))
  if (left.length < unlisted.length) throw new Error('variants of another message are not listed yet')
}

const keyOf = ({ key }: StoredObject) => key
