import { findOriginal, getText, type StoredObject, sequenceOf } from '@darkroom/bucket'
import {
  type ChainedReceipt,
  type ImageRef,
  metadataKey,
  NO_RECEIPT,
  parseReceiptKey,
  readChainedReceipt,
  readDocument,
  receiptHash,
  receiptKey,
} from '@darkroom/core'
import { deletionOf } from '@darkroom/retention'
import type { AuditContext } from './audit-context.ts'
import type { Breach } from './breaches.ts'

function broken(key: string, detail: string): Breach {
  return { class: 'broken-chain', key, detail }
}

/** A link of the chain: it names the hash of the link before it and of its receipt. Three reads. */
export async function checkLink(context: AuditContext, object: StoredObject): Promise<Breach[]> {
  const { key } = object
  const ref = parseReceiptKey(key)
  if (!ref) return [{ class: 'unknown-object', key, detail: 'it has no number of a receipt' }]
  const text = (await getText(context.bucket, key))?.text ?? ''
  const link = readChainedReceipt(text)
  if (link?.sequence !== ref.sequence) return [broken(key, 'it is not a link with this number')]
  const before = ref.sequence > 1 ? receiptKey({ ...ref, sequence: ref.sequence - 1 }) : undefined
  const previous = before === undefined ? NO_RECEIPT : await hashAt(context, before)
  return [
    ...(previous === undefined ? [broken(key, `the link before it, ${before}, was removed`)] : []),
    ...(previous !== undefined && previous !== link.previous
      ? [broken(key, `the link before it, ${before ?? 'none'}, has another hash than it states`)]
      : []),
    ...(await checkReceipt(context, object, { app: ref.app, imageId: link.imageId }, link)),
  ]
}

async function hashAt({ bucket }: AuditContext, key: string): Promise<string | undefined> {
  const stored = await getText(bucket, key)
  return stored && receiptHash(stored.text)
}

/** Receipts are deleted with their retention; their links stay. */
async function checkReceipt(
  context: AuditContext,
  { key, written }: StoredObject,
  image: ImageRef,
  { receipt }: ChainedReceipt,
): Promise<Breach[]> {
  const stored = await getText(context.bucket, metadataKey(image))
  if (stored && receiptHash(stored.text) === receipt) return []
  return [
    ...(await checkStaysErased(context, key, image, stored?.text)),
    ...(stored
      ? [broken(metadataKey(image), `the receipt has another hash than ${key} states`)]
      : checkRemoved(context, key, written, image)),
  ]
}

function checkRemoved(
  { retention, now }: AuditContext,
  key: string,
  written: Date,
  image: ImageRef,
): Breach[] {
  // The receipt was written at the same time as its link.
  const deletion = deletionOf(retention, metadataKey(image), written)
  return deletion && deletion.getTime() <= now
    ? []
    : [broken(metadataKey(image), `the receipt in ${key} was removed`)]
}

/** Nothing follows after an erasure. @param text of the document that is stored in place of the receipt */
async function checkStaysErased(
  { bucket }: AuditContext,
  key: string,
  image: ImageRef,
  text: string | undefined,
): Promise<Breach[]> {
  const withoutDocument = async () => ((await findOriginal(bucket, image)) ? 'queued' : undefined)
  const status = text === undefined ? await withoutDocument() : readDocument(text, image).document?.status
  if (status === undefined || status === 'erased') return []
  const detail = `it was erased, by the receipt in ${key}, and is ${status} now`
  return [{ class: 'status-regression', key: metadataKey(image), detail }]
}

/** The other direction: a receipt names its link, and that link names the receipt. One read. */
export async function checkChained(
  { bucket }: AuditContext,
  image: ImageRef,
  stored: { text: string; metadata: Record<string, string> },
): Promise<Breach[]> {
  const sequence = sequenceOf(stored.metadata)
  const receipt = metadataKey(image)
  if (sequence === undefined) return [broken(receipt, 'the receipt is not in the chain')]
  const key = receiptKey({ app: image.app, sequence })
  const link = readChainedReceipt((await getText(bucket, key))?.text ?? '')
  if (link?.imageId !== image.imageId)
    return [broken(key, `the link of the receipt ${receipt} was removed or changed`)]
  return link.receipt === receiptHash(stored.text)
    ? []
    : [broken(receipt, `the receipt has another hash than ${key} states`)]
}
