import { imageColumns, utcTimestamp } from './columns.ts'
import { KEY } from './merge.ts'

/** The most differences that the query returns. */
export const MAX_DIFFERENCES = 1_000

/** Up to when changes of documents must have been merged. */
export interface MergedUntil {
  /** For images accepted on `recentFrom` or later. */
  recent: Date
  /** The UTC date of acceptance, yyyy-mm-dd. */
  recentFrom: string
  /** For older images. */
  older: Date
}

/**
 * A query for the rows of `images` that are not what their documents say, in Athena's SQL: `app`, `dt`, `image_id`, the status
 * in the document and in the row (null: there is none), the columns that differ, and `yes` if the row is newer than its document. It
 * reads every document once.
 */
export function differencesQuery({ recent, recentFrom, older }: MergedUntil): string {
  const columns = imageColumns()
  const differs = ({ name }: { name: string }) => `image.${name} IS DISTINCT FROM document.${name}`
  const others = columns.filter(({ name }) => !KEY.includes(name))
  const values = columns.map(({ name, expression }) => `${expression} AS ${name}`)
  const names = others.map((column) => `CASE WHEN ${differs(column)} THEN '${column.name}' END`)
  return `WITH document AS (
  SELECT
    ${values.join(',\n    ')},
    ${utcTimestamp('coalesce(finished_at, erased_at)')} AS changed_at
  FROM image_documents
  WHERE image_id IS NOT NULL
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
FROM images AS image
FULL OUTER JOIN document ON ${KEY.map((name) => `image.${name} = document.${name}`).join(' AND ')}
WHERE (document.status IS NULL OR document.changed_at < CASE
    WHEN document.dt >= DATE '${recentFrom}' THEN ${timestamp(recent)} ELSE ${timestamp(older)} END)
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
