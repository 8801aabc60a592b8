import { putRejectedList } from '@darkroom/bucket'
import { recordUpload } from './audit-trail.ts'
import { defer } from './bridge-record.ts'
import { bucket } from './clients.ts'
import type { ListedRecord, RecordOutcome } from './count-records.ts'
import { logger } from './logger.ts'
import { dateOf } from './reject-record.ts'

/**
 * Stores the positions of the rejected records of a partition that are not kept themselves, in one object. If that is not possible
 * now, the partition stops at the first of them.
 *
 * @param outcomes of one partition, in order
 */
export async function listRejected(outcomes: RecordOutcome[]): Promise<RecordOutcome[]> {
  const records = outcomes.flatMap(({ listed = [] }) => listed)
  const first = outcomes.findIndex(({ listed }) => listed)
  const [position, from, last] = [outcomes[first], records[0], records.at(-1)]
  if (!position || !from || !last) return outcomes
  const { topic, partition, offset } = position
  try {
    const ref = { topic, partition, date: dateOf(from), offset, last: last.offset }
    await putRejectedList(bucket, ref, records)
  } catch (error) {
    return [...outcomes.slice(0, first), defer(position, error as Error)]
  }
  const withoutStatus = records.filter(({ hasStatus }) => !hasStatus).length
  const place = { topic, partition, offset, last: last.offset }
  logger.warn('rejected records listed', { ...place, records: records.length, withoutStatus })
  for (const [reason, some] of Map.groupBy(records, (record) => record.reason)) {
    recordUpload(
      position,
      reason,
      imagesOf(some),
      `${some.length} records, the last at offset ${some.at(-1)?.offset}`,
    )
  }
  return outcomes
}

const imagesOf = (records: ListedRecord[]) => records.flatMap(({ imageId = [] }) => imageId)
