import type { SQSRecord } from 'aws-lambda'
import { z } from 'zod'

/** Null and empty answers, at every level, mean that all succeeded. */
const BatchResponse = z
  .object({
    batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
  })
  .nullish()

/**
 * The messages that a function with ReportBatchItemFailures reports as failed. Throws, as the whole
 * batch has failed then, if its answer is anything else than such a report about this batch.
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
