/** Each class of breach and its remedy. docs/operations.md says more about each. */
export const REMEDIES = {
  unfinished: 'send its message again (docs/operations.md, "A stuck image")',
  'unreadable-document':
    'read it by hand; erase the image with DELETE, or restore the document from a backup',
  'foreign-reference': 'find out who wrote it; readers leave the reference out',
  'wrong-bytes':
    'the object changed after it was stored: find out who wrote it, and ask the app to upload again',
  'missing-original': 'somebody deleted it before its retention ended: ask the app to upload the image again',
  'missing-variant': 'develop the image again: pnpm darkroom backfill',
  'damaged-variant': 'develop the image again: pnpm darkroom backfill',
  'not-erased': 'repeat the erasure: DELETE /v1/images/{id}, or delete the object',
  'broken-chain':
    'somebody removed, changed or inserted a receipt: compare with a backup, find out who may write to receipts/ and metadata/',
  'status-regression':
    'a final document was replaced or deleted: restore it from a backup, and find out who may write to metadata/',
  contradiction: 'see docs/operations.md, "Audit", for this pair',
  orphan: 'delete it: no image owns it',
  'catalogue-difference': 'announce its day again: pnpm darkroom events replay',
  'past-retention': "check the bucket's lifecycle rules; the local stack has none, so delete it there",
  'unknown-object': 'delete it, or find out who writes to the bucket: no part of Darkroom wrote it',
} as const

export type BreachClass = keyof typeof REMEDIES

/** A broken promise: what is wrong with an object, an upload or a message. */
export interface Breach {
  class: BreachClass
  /** The key of the object, or the name of the queue. */
  key: string
  detail: string
}
