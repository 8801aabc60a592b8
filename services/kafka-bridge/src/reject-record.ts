import { putRejected } from '@darkroom/bucket'
import type { ProblemError } from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import { bucket } from './clients.ts'

/**
 * Keeps a record that cannot be accepted, as Lambda handed it over, with the reason.
 *
 * @throws ProblemError `storage-unavailable`
 */
export function rejectRecord(record: MSKRecord, reason: ProblemError): Promise<void> {
  return putRejected(bucket, { ...record, date: dateOf(record) }, record, reason)
}

const LAST_INSTANT = Date.UTC(9999, 11, 31)

/** A producer may write anything as a record's timestamp, microseconds for one. */
function dateOf({ timestamp }: MSKRecord): string {
  const time = Math.min(Math.max(timestamp, 0), LAST_INSTANT)
  return new Date(time).toISOString().slice(0, 10)
}
