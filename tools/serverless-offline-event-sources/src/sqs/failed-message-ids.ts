import type { SQSRecord } from 'aws-lambda'
import * as z from 'zod'

/** Null and empty responses, at every level, mean success. */
const BatchResponse = z
  .object({
    batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
  })
  .nullish()

/**
 * The messages that a function with ReportBatchItemFailures reports as failed. Throws if the response
 * is malformed or names unknown messages; then the whole batch has failed.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function failedMessageIds(response: unknown, records: SQSRecord[]): Set<string> {
  const report = BatchResponse.safeParse(response)
  if (!report.success) throw new Error(`malformed batch response: ${z.prettifyError(report.error)}`)
  const failures = report.data?.batchItemFailures ?? []
  const known = new Set(records.map(({ messageId }) => messageId))
  const unknown = failures.find(({ itemIdentifier }) => !known.has(itemIdentifier))
  if (unknown) throw new Error(`batch response names ${unknown.itemIdentifier}, which is not in the batch`)
  return new Set(failures.map(({ itemIdentifier }) => itemIdentifier))
}
