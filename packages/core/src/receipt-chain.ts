import { createHash } from 'node:crypto'
import * as z from 'zod'
import { ImageId } from './image-id.ts'
import { Sha256 } from './image-types.ts'

/**
 * A link in the chain of an app's erasure receipts, under `receipts/`. Each contains the hash of the one before, so that none
 * can be changed, removed or inserted without changing all that follow: see decisions/0032-receipt-chain.md.
 *
 *     { "sequence": 2, "previous": "5d1c…", "imageId": "01a207d9-…", "receipt": "b5bb…" }
 */
export const ChainedReceipt = z.object({
  /** From 1. */
  sequence: z.int().positive(),
  /** SHA-256 of the stored text of the link before, in hex; zeros in the first one. */
  previous: Sha256,
  imageId: ImageId,
  /** SHA-256 of the stored text of the receipt, which is the image's metadata document. */
  receipt: Sha256,
})
export type ChainedReceipt = z.infer<typeof ChainedReceipt>

/** `previous` of the first link. */
export const NO_RECEIPT = '0'.repeat(64)

/** SHA-256 in hex of the stored text of a receipt or a link. */
export function receiptHash(text: string): Sha256 {
  return createHash('sha256').update(text).digest('hex')
}

/** Undefined if it cannot be read. */
export function readChainedReceipt(text: string): ChainedReceipt | undefined {
  try {
    return ChainedReceipt.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
