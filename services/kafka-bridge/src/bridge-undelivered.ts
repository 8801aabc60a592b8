import { deleteObject, getText } from '@darkroom/bucket'
import { ProblemError } from '@darkroom/core'
import type { MSKRecord, SQSEvent } from 'aws-lambda'
import { bridgeRecord, refuseRecord } from './bridge-record.ts'
import { undelivered } from './clients.ts'
import { countRecords, type RecordOutcome } from './count-records.ts'
import { logger } from './logger.ts'
import { reportRejected } from './refusals.ts'
import { batchesOf, readBatch } from './undelivered-batch.ts'

/**
 * Consumes the events of the bucket in which Lambda keeps the batches that it gave up. A record that was too large for an event is
 * rejected with that reason; the others were retried for a week, and get one more chance. If S3 is unavailable, SQS delivers
 * the event again.
 *
 * @throws Error if a record can be neither accepted nor rejected now, ProblemError `storage-unavailable`
 */
export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { body } of Records) for (const key of batchesOf(body)) await bridgeBatch(key)
}

async function bridgeBatch(key: string): Promise<void> {
  const stored = await getText(undelivered, key)
  // The event was delivered before.
  if (!stored) return
  const { condition, records } = readBatch(stored.text)
  const outcomes: RecordOutcome[] = []
  for (const record of records) outcomes.push(await bridgeAgain(record, condition))
  countRecords(outcomes)
  await reportRejected(outcomes)
  logger.info('undelivered records handled', { key, condition, records: records.length })
  if (outcomes.some(({ outcome }) => outcome === 'deferred'))
    throw new Error(`records of ${key} could not be stored`)
  await deleteObject(undelivered, key)
}

function bridgeAgain(record: MSKRecord, condition: string): Promise<RecordOutcome> {
  if (condition !== 'MaximumPayloadSizeExceeded') return bridgeRecord(record, { isOnlyCopy: true })
  const detail = 'The record is larger than the 6 MB of an event, base64 included. Use a claim check.'
  return refuseRecord(record, new ProblemError('payload-too-large', detail))
}
