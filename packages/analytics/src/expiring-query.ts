import type { AppDays, Retention } from '@darkroom/retention'

/**
 * The query for what S3 deletes on which day, generated from the retention. S3 deletes at the midnight after the last day,
 * so one day is added.
 */
export function expiringQuery(retention: Retention): string {
  return `-- Objects that S3 deletes, by day
WITH stored AS (
  SELECT
    dt,
    app,
    count(*) AS images,
    sum(bytes) AS bytes,
    count_if(status = 'processed') AS developed,
    sum(variants_bytes) AS variants_bytes
  FROM images_now
  GROUP BY dt, app
),
kept AS (
  SELECT app, 'original' AS kind, ${lastDay(retention, 'input')} AS last_day, images, bytes
  FROM stored
  UNION ALL
  SELECT app, 'variants' AS kind, ${lastDay(retention, 'processed')} AS last_day, developed AS images, variants_bytes AS bytes
  FROM stored
  WHERE developed > 0
  UNION ALL
  SELECT app, 'document' AS kind, ${lastDay(retention, 'metadata')} AS last_day, images, NULL AS bytes
  FROM stored
)
SELECT
  CAST(last_day + INTERVAL '1' DAY AS date) AS deleted_on, -- date: S3 deletes at 00:00 UTC of this day.
  app,
  kind, -- varchar: The original, the variants, or the document and its row.
  CAST(sum(images) AS bigint) AS images, -- bigint: Number of images.
  CAST(sum(bytes) AS bigint) AS bytes -- bigint: Size of the originals or of all the variants.
FROM kept
WHERE last_day >= current_date
GROUP BY last_day, app, kind
ORDER BY last_day, app, kind
`
}

/** A SQL expression: the last day on which an object of this kind is kept. */
function lastDay(retention: Retention, kind: keyof AppDays): string {
  const standard = `INTERVAL '${retention.default[kind]}' DAY`
  const own = Object.entries(retention.apps).flatMap(([app, { [kind]: days }]) =>
    days === undefined ? [] : `WHEN '${app}' THEN INTERVAL '${days}' DAY`,
  )
  const days = own.length === 0 ? standard : `CASE app ${own.join(' ')} ELSE ${standard} END`
  return `dt + ${days}`
}
