import {
  AppId,
  DatePartition,
  RECONCILED_KEY,
  ROWS_COMPARED_KEY,
  TABLES_MAINTAINED_KEY,
} from '@darkroom/core'
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

/** A maintenance of the tables: the one that runs, or the last one. */
const TablesMaintained = z.object({
  /** Rows that expired up to this date are dealt with. */
  date: DatePartition,
  /** The watermark of the table when it began, ISO 8601: what is merged later is for the next one. */
  mergedUntil: z.iso.datetime().optional(),
  /** Statements that have not succeeded, in order; none if it is finished. */
  left: z.array(
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('rewrite'),
        table: z.enum(['images', 'look_alikes']),
        days: z.array(DatePartition),
      }),
      z.object({ kind: z.literal('clean'), table: z.enum(['images', 'look_alikes']) }),
    ]),
  ),
  /** The first of them, which was started in Athena. */
  execution: z.string().optional(),
})
export type TablesMaintained = z.infer<typeof TablesMaintained>

/** Undefined if nothing was ever compared, or if the object cannot be read. */
export async function getRowsCompared(bucket: Bucket): Promise<RowsCompared | undefined> {
  return readJson(bucket, ROWS_COMPARED_KEY, RowsCompared)
}

export async function putRowsCompared(bucket: Bucket, compared: RowsCompared): Promise<void> {
  await putJson(bucket, ROWS_COMPARED_KEY, compared)
}

/** Undefined if the tables were never maintained, or if the object cannot be read. */
export async function getTablesMaintained(bucket: Bucket): Promise<TablesMaintained | undefined> {
  return readJson(bucket, TABLES_MAINTAINED_KEY, TablesMaintained)
}

export async function putTablesMaintained(bucket: Bucket, maintained: TablesMaintained): Promise<void> {
  await putJson(bucket, TABLES_MAINTAINED_KEY, maintained)
}

async function readJson<Schema extends z.ZodType>(
  bucket: Bucket,
  key: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  const stored = await getText(bucket, key)
  try {
    return schema.safeParse(JSON.parse(stored?.text ?? '')).data
  } catch {
    return undefined
  }
}

async function putJson(bucket: Bucket, key: string, value: object): Promise<void> {
  await putObject(bucket, key, { Body: JSON.stringify(value), ContentType: 'application/json' })
}
