import {
  ICEBERG_TABLES,
  type IcebergTable,
  MAX_REWRITTEN_DAYS,
  type MaintenanceStep,
  maintenanceSettings,
  maintenanceStatement,
  mergedDaysQuery,
  readWatermark,
  startStatement,
  stateOfStatement,
  WATERMARK_DATE,
  wantsMoreRuns,
} from '@darkroom/analytics'
import { retention } from '@darkroom/app-configuration/deployed'
import { getTablesMaintained, putTablesMaintained, type TablesMaintained } from '@darkroom/bucket'
import { athena, bucket, catalogue, merges } from '../clients.ts'
import { env } from '../environment.ts'
import { logger } from '../logger.ts'

const DAY_MS = 86_400_000
/** After midnight, until the schedules have deleted the rows that expired. */
const BEGINS_AFTER_MS = 3 * 3_600_000

/**
 * Rewrites, once a day, the files of the tables' days that have changed, and deletes old snapshots and files. Each call starts at most one
 * statement in Athena and does not wait for it: a later call sees what became of it, and starts the next one, or the same one again.
 *
 * @throws Error with Athena's message if a statement failed, or if a maintenance takes longer than a day, for the alarm of the function's
 * errors; the next call goes on all the same
 */
export async function maintainTables(now: number): Promise<void> {
  const date = dateAt(now - BEGINS_AFTER_MS)
  const last = await getTablesMaintained(bucket)
  if (last && last.left.length === 0 && last.date >= date) return
  const progress = last && last.left.length > 0 ? last : await begin(date, last)
  const { execution, left } = progress
  const { state, reason } = execution ? await stateOfStatement(athena, execution) : NOT_STARTED
  if (state === 'running') return
  const [tried] = left
  if (state === 'succeeded') left.shift()
  const [next] = left
  await putTablesMaintained(bucket, {
    ...progress,
    execution: next && (await startStatement(athena, merges, maintenanceStatement(next))),
  })
  if (state === 'failed' && !wantsMoreRuns(reason))
    throw new Error(`a ${tried?.kind} of ${tried?.table} failed in Athena, and is tried again: ${reason}`)
  if (!next) logger.info('tables maintained', { date: progress.date })
  else if (progress.date < date)
    throw new Error(`the maintenance of ${progress.date} is not finished after a day`)
}

const NOT_STARTED = { state: undefined, reason: '' } as const

/** The statements of a day. */
async function begin(date: string, last: TablesMaintained | undefined): Promise<TablesMaintained> {
  for (const table of ICEBERG_TABLES) {
    await catalogue.query(maintenanceSettings(table, env.SNAPSHOT_RETENTION_DAYS))
  }
  const mergedUntil = await readWatermark(catalogue)
  const days = await changedDays(date, last, mergedUntil)
  logger.info('maintenance of tables begins', {
    date,
    ...Object.fromEntries(ICEBERG_TABLES.map((table) => [table, days[table].length])),
  })
  const rewrites = ICEBERG_TABLES.flatMap((table) =>
    partsOf(days[table], MAX_REWRITTEN_DAYS[table]).map(
      (part): MaintenanceStep => ({ kind: 'rewrite', table, days: part }),
    ),
  )
  const cleanings = ICEBERG_TABLES.map((table): MaintenanceStep => ({ kind: 'clean', table }))
  return { date, mergedUntil, left: [...rewrites, ...cleanings] }
}

/**
 * Days of the tables from which rows were deleted, or to which some were added, since the last maintenance. Rows of `look_alikes` do not say when they
 * were written, so it is all days after a merge.
 */
async function changedDays(
  date: string,
  last: TablesMaintained | undefined,
  mergedUntil: string | undefined,
): Promise<Record<IcebergTable, string[]>> {
  const expired = expiredDays(last?.date ?? date, date)
  if (mergedUntil === last?.mergedUntil) return { images: expired, look_alikes: expired }
  const { rows } = await catalogue.query(mergedDaysQuery(last?.mergedUntil))
  const merged = rows.map(([day]) => String(day))
  const kept = daysBetween(addDays(date, -retention.default.metadata), addDays(date, 1))
  return {
    // Each merge replaces the row of the watermark.
    images: inOrder([WATERMARK_DATE, ...expired, ...merged]),
    look_alikes: inOrder([...expired, ...kept]),
  }
}

/** Days whose rows the schedules have deleted after the date `since`, or on it, up to another one. */
function expiredDays(since: string, date: string): string[] {
  const retained = [retention.default, ...Object.values(retention.apps)].flatMap(
    ({ metadata = [] }) => metadata,
  )
  return inOrder(retained.flatMap((days) => daysBetween(addDays(since, -days - 1), addDays(date, -days - 1))))
}

function partsOf(days: string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(days.length / size) }, (_, n) => days.slice(n * size, (n + 1) * size))
}

function daysBetween(first: string, last: string): string[] {
  const count = Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS) + 1
  return Array.from({ length: count }, (_, n) => addDays(first, n))
}

const inOrder = (days: string[]) => [...new Set(days)].toSorted()
const addDays = (date: string, days: number) => dateAt(Date.parse(date) + days * DAY_MS)
const dateAt = (time: number) => new Date(time).toISOString().slice(0, 10)
