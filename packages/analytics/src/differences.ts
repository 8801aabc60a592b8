import type { AppId } from '@darkroom/core'
import { imageColumns, utcTimestamp } from './columns.ts'
import { imagesOf, KEY } from './merge.ts'

/** The most differences that the query for a day returns. */
export const MAX_DIFFERENCES = 1_000

/** UTC dates of acceptance, yyyy-mm-dd, both included. */
export interface DateRange {
  from: string
  to: string
}

/** A query for the number of rows of `images_now` by date, the oldest first. It reads no document. */
export const ROWS_BY_DATE =
  'SELECT CAST(dt AS varchar) AS dt, count(*) AS images FROM images_now GROUP BY dt ORDER BY 1'

/**
 * A query for the apps and days whose rows in `images_now` are not those that their documents would make: by their number, and by a checksum over
 * all values, which does not depend on the order. It reads every document of these days once and returns one row for each: `app`
 * and `dt`.
 */
export function differingDaysQuery({ from, to }: DateRange): string {
  const names = imageColumns().map(({ name }) => name)
  const sums = `app, dt, count(*) AS images, checksum(ROW(${names.join(', ')})) AS content`
  return `WITH document AS (
  SELECT ${sums}
  FROM (
    ${imagesOf('image_documents')}
    WHERE image_id IS NOT NULL AND status <> 'erased' AND dt BETWEEN '${from}' AND '${to}'
  )
  GROUP BY app, dt
),
image AS (
  SELECT ${sums}
  FROM images_now
  WHERE dt BETWEEN DATE '${from}' AND DATE '${to}'
  GROUP BY app, dt
)
SELECT coalesce(image.app, document.app) AS app, CAST(coalesce(image.dt, document.dt) AS varchar) AS dt
FROM image
FULL OUTER JOIN document ON image.app = document.app AND image.dt = document.dt
WHERE image.images IS DISTINCT FROM document.images OR image.content IS DISTINCT FROM document.content
ORDER BY 2, 1`
}

/** A day of some apps. */
export interface AppsDay {
  apps: AppId[]
  /** The UTC date of acceptance, yyyy-mm-dd. */
  date: string
}

/**
 * A query for the rows of `images_now` of a day that are not what their documents say, in Athena's SQL: `app`, `dt`, `image_id`, the status
 * in the document and in the row (null: there is none), the columns that differ, and `yes` if the row is newer than its document.
 *
 * @param collected changes of documents before this must have been collected
 */
export function differencesQuery({ apps, date }: AppsDay, collected: Date): string {
  const columns = imageColumns()
  const differs = ({ name }: { name: string }) => `image.${name} IS DISTINCT FROM document.${name}`
  const others = columns.filter(({ name }) => !KEY.includes(name))
  const values = columns.map(({ name, expression }) => `${expression} AS ${name}`)
  const names = others.map((column) => `CASE WHEN ${differs(column)} THEN '${column.name}' END`)
  const ofApps = `app IN (${apps.map((app) => `'${app}'`).join(', ')})`
  return `WITH document AS (
  SELECT
    ${values.join(',\n    ')},
    ${utcTimestamp('coalesce(finished_at, erased_at)')} AS changed_at
  FROM image_documents
  WHERE image_id IS NOT NULL AND ${ofApps} AND dt = '${date}'
),
image AS (
  SELECT * FROM images_now WHERE ${ofApps} AND dt = DATE '${date}'
)
SELECT
  coalesce(image.app, document.app) AS app,
  CAST(coalesce(image.dt, document.dt) AS varchar) AS dt,
  coalesce(image.image_id, document.image_id) AS image_id,
  document.status AS document_status,
  image.status AS row_status,
  concat_ws(', ',
    ${names.join(',\n    ')}
  ) AS differing,
  CASE WHEN image.finished_at > document.changed_at THEN 'yes' END AS row_is_newer
FROM image
FULL OUTER JOIN document ON ${KEY.map((name) => `image.${name} = document.${name}`).join(' AND ')}
WHERE (document.status IS NULL OR document.changed_at < ${timestamp(collected)})
  AND CASE
    WHEN document.status IS NULL THEN true
    WHEN document.status = 'erased' THEN image.status IS NOT NULL
    WHEN image.status IS NULL THEN true
    ELSE ${others.map(differs).join('\n      OR ')}
  END
ORDER BY 1, 2, 3
LIMIT ${MAX_DIFFERENCES}`
}

function timestamp(time: Date): string {
  return `TIMESTAMP '${time.toISOString().slice(0, -1).replace('T', ' ')}'`
}
