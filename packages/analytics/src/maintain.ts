import { utcTimestamp } from './columns.ts'
import { WATERMARK_DAY } from './merge.ts'
import type { IcebergTable } from './rows-of-image.ts'

/**
 * A statement that keeps the files of a table few and free of deleted rows: it writes the files of some days again, or it deletes old
 * snapshots, and files that no snapshot refers to.
 */
export type MaintenanceStep =
  | { kind: 'rewrite'; table: IcebergTable; days: string[] }
  | { kind: 'clean'; table: IcebergTable }

/**
 * Days that one statement rewrites. Athena writes up to 100 partitions with a statement, and has 30 minutes: at 1,000 images/s ten
 * days of `images` are 216 GB. Rows of `look_alikes` are few and small.
 */
export const MAX_REWRITTEN_DAYS: Record<IcebergTable, number> = { images: 10, look_alikes: 90 }

/** A step in Athena's SQL. */
export function maintenanceStatement(step: MaintenanceStep): string {
  if (step.kind === 'clean') return `VACUUM ${step.table}`
  const days = step.days.map((day) => `DATE '${day}'`).join(', ')
  return `OPTIMIZE ${step.table} REWRITE DATA USING BIN_PACK WHERE dt IN (${days})`
}

/**
 * What the steps go by. A deleted row stays in its file until the file is rewritten, so one deletion is enough to rewrite it, however
 * few files its day has.
 *
 * @param snapshotDays how long an earlier state of the table can be read
 * @see https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
 */
export function maintenanceSettings(table: IcebergTable, snapshotDays: number): string {
  const settings = {
    optimize_rewrite_data_file_threshold: 1,
    optimize_rewrite_delete_file_threshold: 1,
    vacuum_max_snapshot_age_seconds: snapshotDays * 86_400,
    vacuum_min_snapshots_to_keep: 1,
  }
  const list = Object.entries(settings).map(([name, value]) => `'${name}' = '${value}'`)
  return `ALTER TABLE ${table} SET TBLPROPERTIES (${list.join(', ')})`
}

/**
 * A query for the days of `images` with rows that a merge has written since the watermark was `mergedUntil`, yyyy-mm-dd. An erased
 * image keeps a row, and that of its receipt is such a row. Iceberg skips files without any.
 */
export function mergedDaysQuery(mergedUntil: string | undefined): string {
  const since = mergedUntil === undefined ? '' : ` AND collected_at > ${utcTimestamp(`'${mergedUntil}'`)}`
  return `SELECT DISTINCT dt FROM images WHERE dt > ${WATERMARK_DAY}${since} ORDER BY 1`
}

/** Whether Athena has done a part of a step, and wants the same statement again. */
export function wantsMoreRuns(reason: string): boolean {
  return /ICEBERG_(OPTIMIZE|VACUUM)_MORE_RUNS_NEEDED/.test(reason)
}
