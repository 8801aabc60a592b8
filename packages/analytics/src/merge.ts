import { imageColumns } from './columns.ts'

/** An image is the same row in both tables. `dt` follows from the id, and lets Iceberg skip partitions. */
const KEY = ['app', 'dt', 'image_id']

/**
 * Brings the documents of the last `days` days of acceptance into `images`, in Athena's SQL. A document replaces the row
 * that an earlier one made, and a receipt of erasure removes it. Whatever is in `images` already stays as it is, so any
 * run can be repeated. A line that is not JSON is a row without any values and is skipped.
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

/** Documents as rows of `images`. */
export function imagesOf(documents: string): string {
  const values = imageColumns().map(({ name, expression }) =>
    name === expression ? name : `${expression} AS ${name}`,
  )
  return `SELECT\n    ${values.join(',\n    ')}\n  FROM ${documents}`
}

/**
 * Removes from a table what was accepted more than `days` days ago, as S3 does with the documents; of apps that keep
 * them for less, what is older than that.
 */
export function expireStatement(
  table: 'images' | 'look_alikes',
  days: number,
  fewer: Record<string, number> = {},
): string {
  const sooner = Object.entries(fewer).map(([app, own]) => ` OR (app = '${app}' AND dt < ${daysAgo(own)})`)
  return `DELETE FROM ${table} WHERE dt < ${daysAgo(days)}${sooner.join('')}`
}

/** The date so many days ago. */
export function daysAgo(days: number): string {
  return `CAST(current_date - INTERVAL '${Math.trunc(days)}' DAY AS date)`
}
