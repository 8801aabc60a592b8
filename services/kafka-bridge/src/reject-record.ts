import { PutObjectCommand } from '@aws-sdk/client-s3'
import { ProblemError, rejectedKey } from '@darkroom/core'
import type { MSKRecord } from 'aws-lambda'
import { s3 } from './clients.ts'
import { env } from './environment.ts'

/**
 * Keeps a record that cannot be taken, as Lambda handed it over, with the reason in the object's metadata.
 *
 * @throws ProblemError `storage-unavailable`
 */
export async function rejectRecord(record: MSKRecord, reason: ProblemError): Promise<void> {
  const put = new PutObjectCommand({
    Bucket: env.BUCKET,
    Key: rejectedKey({ ...record, date: dateOf(record) }),
    Body: JSON.stringify(record),
    ContentType: 'application/json',
    Metadata: {
      reason: reason.slug,
      detail: encodeURIComponent(reason.detail.toWellFormed()).slice(0, 1024),
    },
  })
  try {
    await s3.send(put)
  } catch (cause) {
    throw new ProblemError('storage-unavailable', 'The rejected record could not be stored.', { cause })
  }
}

const LAST_INSTANT = Date.UTC(9999, 11, 31)

/** A producer may write anything as a record's timestamp, microseconds for one. */
function dateOf({ timestamp }: MSKRecord): string {
  const time = Math.min(Math.max(timestamp, 0), LAST_INSTANT)
  return new Date(time).toISOString().slice(0, 10)
}
