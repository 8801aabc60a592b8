import { AppId, DatePartition, RECONCILED_KEY, ROWS_COMPARED_KEY } from '@darkroom/core'
import * as z from 'zod'
import type { Bucket } from './bucket.ts'
import { getText, putObject } from './objects.ts'

/** The last date for whose originals the daily reconcile has sent messages; undefined if it never did, or if the object says no date. */
export async function getReconciled(bucket: Bucket): Promise<string | undefined> {
  return DatePartition.safeParse((await getText(bucket, RECONCILED_KEY))?.text).data
}

export async function putReconciled(bucket: Bucket, date: string): Promise<void> {
  await putObject(bucket, RECONCILED_KEY, { Body: date, ContentType: 'text/plain' })
}

/** A comparison of documents and rows: the one that runs, or the last one. */
const RowsCompared = z.object({
  /** The last date that is compared. */
  date: DatePartition,
  /** The last date of the comparison before. */
  since: DatePartition.optional(),
  /** Days whose keys sort up to here are compared. */
  after: z.string().optional(),
  /** Of the next day, what is before this part of its ids. */
  part: z.object({ app: AppId, date: DatePartition, slot: z.int().nonnegative() }).optional(),
  isFinished: z.boolean(),
  /** Another function works at it until this time, in milliseconds. */
  busyUntil: z.number().optional(),
})
export type RowsCompared = z.infer<typeof RowsCompared>

/** Undefined if nothing was ever compared, or if the object cannot be read. */
export async function getRowsCompared(bucket: Bucket): Promise<RowsCompared | undefined> {
  const stored = await getText(bucket, ROWS_COMPARED_KEY)
  try {
    return RowsCompared.safeParse(JSON.parse(stored?.text ?? '')).data
  } catch {
    return undefined
  }
}

export async function putRowsCompared(bucket: Bucket, compared: RowsCompared): Promise<void> {
  const Body = JSON.stringify(compared)
  await putObject(bucket, ROWS_COMPARED_KEY, { Body, ContentType: 'application/json' })
}
