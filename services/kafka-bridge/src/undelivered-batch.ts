import type { MSKRecord } from 'aws-lambda'
import * as z from 'zod'

/**
 * S3's notification of a batch that Lambda gave up. Its keys are encoded as in a form. The test event that S3 sends first has no
 * records.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
const Notification = z.object({
  Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) })).default([]),
})

/** The keys of the batches in a notification. @throws Error if it cannot be read */
export function batchesOf(notification: string): string[] {
  return Notification.parse(JSON.parse(notification)).Records.map(({ s3 }) =>
    decodeURIComponent(s3.object.key.replaceAll('+', ' ')),
  )
}

/**
 * What Lambda writes: why it gave the records up, and the event, as text.
 * https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html
 */
const Undelivered = z.object({
  requestContext: z.object({ condition: z.string() }),
  payload: z.union([z.string().transform((text) => JSON.parse(text)), z.unknown()]),
})
const Payload = z.object({ records: z.record(z.string(), z.array(z.custom<MSKRecord>())) })

/** @throws Error if it cannot be read */
export function readBatch(text: string): { condition: string; records: MSKRecord[] } {
  const { requestContext, payload } = Undelivered.parse(JSON.parse(text))
  return {
    condition: requestContext.condition,
    records: Object.values(Payload.parse(payload).records).flat(),
  }
}
