import { imageColumns } from './columns.ts'

/** Identifies an image in both tables. `dt` follows from the id and lets Iceberg skip partitions. */
export const KEY = ['app', 'dt', 'image_id']

/**
 * Merges the documents of the last `days` days of acceptance into `images`, in Athena's SQL. A newer document replaces the
 * row of an older one, and a receipt of an erasure deletes it. Other rows stay unchanged, so any run can be repeated. A line
 * that is not JSON is a row without values and is skipped.
 */
export function mergeStatement(days: number): string {
  const names = imageColumns().map(({ name }) => name)
  const others = names.filter((name) => !KEY.includes(name))
  return `MERGE INTO images AS image
USING (
  ${imagesOf('image_documents')}
  WHERE image_id IS NOT NULL AND dt >= CAST(${daysAgo(days)} AS varchar)
) AS document
ON ${KEY.map((name) => `image.${name} = document.${name}`).join(' AND ')}
  AND image.dt >= ${daysAgo(days)}
WHEN MATCHED AND document.status = 'erased' THEN DELETE
WHEN MATCHED AND image.finished_at <> document.finished_at THEN UPDATE SET
  ${others.map((name) => `${name} = document.${name}`).join(',\n  ')}
WHEN NOT MATCHED AND document.status <> 'erased' THEN INSERT (
  ${names.join(', ')}
) VALUES (
  ${names.map((name) => `document.${name}`).join(', ')}
)`
}

/** A query that returns documents as rows of `images`. */
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
  return `DELETE FROM ${table} WHERE dt < ${daysAgo(days)}${sooner.join('')}`
}

/** A SQL expression for a date. */
export function daysAgo(days: number): string {
  return `CAST(current_date - INTERVAL '${Math.trunc(days)}' DAY AS date)`
}
