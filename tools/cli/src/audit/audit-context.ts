import type { Bucket } from '@darkroom/bucket'
import { deletionOf, type Retention } from '@darkroom/retention'
import type { Breach } from './breaches.ts'
import type { Decode } from './decode.ts'
import type { SeenImage, Statuses } from './statuses.ts'

/** What every check needs. */
export interface AuditContext {
  bucket: Bucket
  /** Of the Kafka records that Lambda gave up. Without it they are not looked at. */
  undelivered?: Bucket | undefined
  retention: Retention
  /** Unix milliseconds at which the audit began. */
  now: number
  /** Work in progress may be incomplete for this long. */
  settledMs: number
  /** Asks for the hash of every original. By default only of those that could have changed since they were processed. */
  hashes?: boolean
  /** Of the last audit, to compare with, and of this one. */
  statuses?: Statuses | undefined
  /** Looks into the bytes of an image, too. */
  decode?: Decode | undefined
}

/** Something to check, and how to go on after it. */
export interface Unit {
  /** Where a later run goes on; undefined if it cannot go on right after this. */
  position?: string
  objects: number
  check(): Promise<Breach[]>
  /** What the next audit compares with, after the check. */
  seen?: () => SeenImage[]
}

export function isSettled({ now, settledMs }: AuditContext, written: Date): boolean {
  return now - written.getTime() >= settledMs
}

/** S3 applies lifecycle rules once a day and deletes asynchronously. */
export const GRACE_MS = 3 * 24 * 3_600_000

export function pastRetention(
  { retention, now }: AuditContext,
  { key, written }: { key: string; written: Date },
): Breach[] {
  const deletion = deletionOf(retention, key, written)
  if (!deletion || now < deletion.getTime() + GRACE_MS) return []
  const detail = `its retention ended on ${deletion.toISOString().slice(0, 10)}`
  return [{ class: 'past-retention', key, detail }]
}
