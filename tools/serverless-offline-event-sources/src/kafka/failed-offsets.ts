import * as z from 'zod'
import type { FetchedRecord } from './assigned-partition.ts'

/** `topic-0-15`, or an object with partition and offset. */
const ItemIdentifier = z.union([
  z
    .string()
    .regex(/-\d+-\d+$/)
    .transform((text) => ({
      partition: text.slice(0, text.lastIndexOf('-')),
      offset: Number(text.slice(text.lastIndexOf('-') + 1)),
    })),
  z.object({ partition: z.string(), offset: z.coerce.number().int() }),
])

/** Null and empty responses, at every level, mean success. */
const BatchResponse = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: ItemIdentifier })).nullish() })
  .nullish()

/**
 * The lowest failed offset of each partition, by `topic-partition`. That record and all later ones are retried. Throws if
 * the response is malformed or names unknown records; then the whole batch has failed.
 */
export function failedOffsets(response: unknown, records: FetchedRecord[]): Map<string, number> {
  const report = BatchResponse.safeParse(response)
  if (!report.success) throw new Error(`malformed batch response: ${z.prettifyError(report.error)}`)
  const lowest = new Map<string, number>()
  for (const { itemIdentifier } of report.data?.batchItemFailures ?? []) {
    const { partition: key, offset } = itemIdentifier
    if (!records.some((record) => record.partition.key === key && record.offset === offset)) {
      throw new Error(`batch response names ${key}-${offset}, which is not in the batch`)
    }
    lowest.set(key, Math.min(offset, lowest.get(key) ?? offset))
  }
  return lowest
}
