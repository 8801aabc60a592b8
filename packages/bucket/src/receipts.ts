import {
  type AppId,
  type ChainedReceipt,
  type ErasedDocument,
  type ImageRef,
  metadataKey,
  NO_RECEIPT,
  parseReceiptKey,
  receiptHash,
  receiptKey,
  receiptsPrefix,
  type Sha256,
  timeOf,
} from '@darkroom/core'
import { type Bucket, storageUnavailable } from './bucket.ts'
import { getText, listPage, putObjectIf } from './objects.ts'

/**
 * The receipt of an erasure, which becomes the image's document.
 *
 * @param image `acceptedAt` if something stored says it; otherwise it is the time of the id
 * @param by the credential: the id of its API key, or the issuer of its JWT
 * @param objects how many are deleted
 */
export function newReceipt(
  {
    app,
    imageId,
    acceptedAt = timeOf(imageId).toISOString(),
  }: ImageRef & { acceptedAt?: string | undefined },
  by: string,
  objects: number,
): ErasedDocument {
  return {
    schema_version: 1,
    image_id: imageId,
    app,
    accepted_at: acceptedAt,
    status: 'erased',
    erased_at: new Date().toISOString(),
    erased_by: by,
    erased_objects: objects,
  }
}

/** Of the metadata of a receipt's S3 object. The text of a receipt never changes, because its hash is in the chain. */
const SEQUENCE = 'receipt-sequence'

/** The place of a receipt in its app's chain; undefined if it is not in it. @param metadata of its S3 object */
export function sequenceOf(metadata: Record<string, string>): number | undefined {
  const sequence = Number(metadata[SEQUENCE])
  return Number.isSafeInteger(sequence) && sequence > 0 ? sequence : undefined
}

/**
 * Adds the receipt of an erased image to the chain of its app, unless it is already in it. If two calls do this at the same
 * time, the receipt can be in the chain twice.
 *
 * @throws ProblemError `storage-unavailable`, also if too many others add to the chain
 */
export async function chainReceipt(bucket: Bucket, { app, imageId }: ImageRef): Promise<void> {
  const key = metadataKey({ app, imageId })
  const stored = await getText(bucket, key)
  if (!stored || sequenceOf(stored.metadata) !== undefined) return
  const sequence = await append(bucket, app, { imageId, receipt: receiptHash(stored.text) })
  const object = {
    Body: stored.text,
    ContentType: 'application/json',
    Metadata: { [SEQUENCE]: String(sequence) },
  }
  await putObjectIf(bucket, key, object, stored)
}

/** Others that add to the chain at the same time. Each attempt loses to one of them. */
const MAX_ATTEMPTS = 100

/** Create-once decides who is next. The loser reads the winner's link and tries the number after it. */
async function append(
  bucket: Bucket,
  app: AppId,
  link: Pick<ChainedReceipt, 'imageId' | 'receipt'>,
): Promise<number> {
  let last = await newestReceipt(bucket, app)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const sequence = last.sequence + 1
    const next: ChainedReceipt = { sequence, previous: last.hash, ...link }
    const text = `${JSON.stringify(next)}\n`
    const key = receiptKey({ app, sequence })
    if (await putObjectIf(bucket, key, { Body: text, ContentType: 'application/json' }, undefined)) {
      return sequence
    }
    last = await readLink(bucket, app, sequence)
  }
  throw storageUnavailable(new Error(`too many erasures of ${app} at the same time`))
}

/** The end of a chain: the number of its newest link, 0 if there is none, and the link's hash. */
export interface NewestReceipt {
  sequence: number
  hash: Sha256
}

export async function newestReceipt(bucket: Bucket, app: AppId): Promise<NewestReceipt> {
  const [newest] = (await listPage(bucket, receiptsPrefix(app), { limit: 1 })).objects
  const ref = newest && parseReceiptKey(newest.key)
  return ref ? readLink(bucket, app, ref.sequence) : { sequence: 0, hash: NO_RECEIPT }
}

async function readLink(bucket: Bucket, app: AppId, sequence: number): Promise<NewestReceipt> {
  const key = receiptKey({ app, sequence })
  const stored = await getText(bucket, key)
  if (!stored) throw storageUnavailable(new Error(`${key} was deleted`))
  return { sequence, hash: receiptHash(stored.text) }
}
