import { type ImageColumn, imageColumns, rowColumns, utcTimestamp } from './columns.ts'

/** Identifies an image in all tables. `dt` follows from the id and lets Iceberg skip partitions. */
export const KEY = ['app', 'dt', 'image_id']

/**
 * The day of the one row of `images` that is of no image: its `sequence` is the time up to which all collected files are in the
 * table. As a row it is written by the same commit as the rows it speaks of.
 */
export const WATERMARK_DATE = '1970-01-01'
/** The same in SQL. */
export const WATERMARK_DAY = `DATE '${WATERMARK_DATE}'`

/** A query for the time up to which all collected files are merged, ISO 8601; no row before the first merge. */
export const WATERMARK_QUERY = `SELECT sequence FROM images WHERE dt = ${WATERMARK_DAY}`

/** Collected files by the time in their names: later than `after`, up to `until`, both ISO 8601 in UTC. */
export interface CollectedWindow {
  after: string
  until: string
}

/** A query for the days of acceptance, yyyy-mm-dd, of the events in a window. */
export function daysQuery(window: CollectedWindow): string {
  return `SELECT DISTINCT dt FROM collected_outcomes WHERE ${isIn(window)} ORDER BY 1`
}

export interface MergedEvents {
  /** The days of acceptance to merge, yyyy-mm-dd, in order. */
  days: string[]
  /** Written as the watermark, if all other days of the files up to this time are merged. */
  mergedUntil?: string | undefined
}

/**
 * Merges collected events into `images`, in Athena's SQL. Of several events of an image the one with the greatest `sequence`
 * counts, whichever came first. An erased image keeps a row without its data, so that an earlier event cannot bring it back.
 * Any run can be repeated.
 */
export function mergeStatement(window: CollectedWindow, { days, mergedUntil }: MergedEvents): string {
  const list = days.map((day) => `'${day}'`).join(', ')
  const ofDays = days.length === 0 ? 'false' : `dt IN (${list})`
  return mergeFrom(
    `${newestOf(`SELECT * FROM collected_outcomes WHERE ${isIn(window)} AND ${ofDays}`)}${
      mergedUntil === undefined ? '' : `\n  UNION ALL\n  ${watermarkRow(mergedUntil)}`
    }`,
    `image.dt IN (${[...days.map((day) => `DATE '${day}'`), WATERMARK_DAY].join(', ')})`,
  )
}

/** Merges rows of `images` from any query. */
export function mergeFrom(rows: string, partitions = 'true'): string {
  const names = rowColumns().map(({ name }) => name)
  const others = names.filter((name) => !KEY.includes(name))
  return `MERGE INTO images AS image
USING (
  ${rows}
) AS event
ON ${KEY.map((name) => `image.${name} = event.${name}`).join(' AND ')}
  AND ${partitions}
WHEN MATCHED AND event.sequence > coalesce(image.sequence, '') THEN UPDATE SET
  ${others.map((name) => `${name} = event.${name}`).join(',\n  ')}
WHEN NOT MATCHED THEN INSERT (
  ${names.join(', ')}
) VALUES (
  ${names.map((name) => `event.${name}`).join(', ')}
)`
}

/** A query for the newest event of each image among collected events, as rows of `images`. */
export function newestOf(events: string): string {
  const names = rowColumns().map(({ name }) => name)
  return `SELECT
    ${names.join(',\n    ')}
  FROM (
    SELECT
      ${[...imageColumns().map(valueIn), 'sequence', `${utcTimestamp('collected_at')} AS collected_at`].join(',\n      ')},
      row_number() OVER (PARTITION BY data.app, subject ORDER BY sequence DESC, collected_at DESC) AS place
    FROM (${events}) AS collected
    WHERE data.image_id IS NOT NULL
  ) AS ranked
  WHERE place = 1`
}

/** The value of a column of `images` from a collected event. */
function valueIn({ name, expression }: ImageColumn): string {
  if (name === 'dt') return `${expression} AS dt`
  return `${expression.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `data.${name}`)} AS ${name}`
}

function watermarkRow(mergedUntil: string): string {
  const values: Record<string, string> = {
    app: "''",
    dt: WATERMARK_DAY,
    image_id: "''",
    status: "'watermark'",
    sequence: `'${mergedUntil}'`,
  }
  const columns = rowColumns().map(
    ({ name, type }) => `${values[name] ?? `CAST(NULL AS ${type})`} AS ${name}`,
  )
  return `SELECT ${columns.join(', ')}`
}

/** The hours are the partitions, so other files are not read. */
function isIn({ after, until }: CollectedWindow): string {
  const hours: string[] = []
  const last = Date.parse(`${until.slice(0, 13)}:00:00Z`)
  for (let time = Date.parse(`${after.slice(0, 13)}:00:00Z`); time <= last; time += 3_600_000)
    hours.push(`'${new Date(time).toISOString().slice(0, 13)}'`)
  return `hour IN (${hours.join(', ')}) AND collected_at > '${after}' AND collected_at <= '${until}'`
}

/** A query that returns documents as rows of `images_now`. */
export function imagesOf(documents: string): string {
  const values = imageColumns().map(({ name, expression }) =>
    name === expression ? name : `${expression} AS ${name}`,
  )
  return `SELECT\n    ${values.join(',\n    ')}\n  FROM ${documents}`
}

/**
 * Deletes rows that were accepted more than `days` days ago, as S3 does with the documents. `fewer` has the days of apps
 * with a shorter retention.
 */
export function expireStatement(
  table: 'images' | 'look_alikes',
  days: number,
  fewer: Record<string, number> = {},
): string {
  const sooner = Object.entries(fewer).map(([app, own]) => ` OR (app = '${app}' AND dt < ${daysAgo(own)})`)
  return `DELETE FROM ${table} WHERE dt > ${WATERMARK_DAY} AND (dt < ${daysAgo(days)}${sooner.join('')})`
}

/** A SQL expression for a date. */
export function daysAgo(days: number): string {
  return `CAST(current_date - INTERVAL '${Math.trunc(days)}' DAY AS date)`
}
