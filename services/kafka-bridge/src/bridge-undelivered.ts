import { deleteObject, getText } from '@darkroom/bucket'
import { ProblemError } from '@darkroom/core'
import type { MSKRecord, SQSEvent, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { bridgeRecord, refuseRecord } from './bridge-record.ts'
import { undelivered } from './clients.ts'
import { countRecords, type RecordOutcome } from './count-records.ts'
import { logger } from './logger.ts'

/**
 * Consumes the events of the bucket in which Lambda keeps the batches that it gave up. A record that was too large for an event is
 * rejected with that reason; the others were retried for a week, and get one more chance. If S3 is unavailable, SQS delivers
 * the event again.
 *
 * @throws Error if a record can be neither accepted nor rejected now, ProblemError `storage-unavailable`
 */
export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const key of Records.flatMap(keysOf)) await bridgeBatch(key)
}

async function bridgeBatch(key: string): Promise<void> {
  const stored = await getText(undelivered, key)
  // The event was delivered before.
  if (!stored) return
  const { condition, records } = readBatch(stored.text)
  const outcomes: RecordOutcome[] = []
  for (const record of records) outcomes.push(await bridgeAgain(record, condition))
  countRecords(outcomes)
  logger.info('undelivered records handled', { key, condition, records: records.length })
  if (outcomes.some(({ outcome }) => outcome === 'deferred'))
    throw new Error(`records of ${key} could not be stored`)
  await deleteObject(undelivered, key)
}

function bridgeAgain(record: MSKRecord, condition: string): Promise<RecordOutcome> {
  if (condition !== 'MaximumPayloadSizeExceeded') return bridgeRecord(record)
  const detail = 'The record is larger than the 6 MB of an event, base64 included. Use a claim check.'
  return refuseRecord(record, new ProblemError('payload-too-large', detail))
}

/**
 * S3's notification. Its keys are encoded as in a form. The test event that S3 sends first has no records.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
const Notification = z.object({
  Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) })).default([]),
})

const keysOf = ({ body }: SQSRecord) =>
  Notification.parse(JSON.parse(body)).Records.map(({ s3 }) =>
    decodeURIComponent(s3.object.key.replaceAll('+', ' ')),
  )

/**
 * What Lambda writes: why it gave the records up, and the event, as text.
 * https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html
 */
const Undelivered = z.object({
  requestContext: z.object({ condition: z.string() }),
  payload: z.union([z.string().transform((text) => JSON.parse(text)), z.unknown()]),
})
const Payload = z.object({ records: z.record(z.string(), z.array(z.custom<MSKRecord>())) })

function readBatch(text: string): { condition: string; records: MSKRecord[] } {
  const { requestContext, payload } = Undelivered.parse(JSON.parse(text))
  return {
    condition: requestContext.condition,
    records: Object.values(Payload.parse(payload).records).flat(),
  }
}
