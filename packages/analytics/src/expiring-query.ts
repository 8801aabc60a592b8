import type { AppDays, Retention } from '@darkroom/retention'

/**
 * The question of what goes when, as it follows from the retention. S3 deletes at the midnight after so many days, hence
 * the one day more than the partition's.
 */
export function expiringQuery(retention: Retention): string {
  return `-- What S3 deletes when
WITH stored AS (
  SELECT
    dt,
    app,
    count(*) AS images,
    sum(bytes) AS bytes,
    count_if(status = 'processed') AS developed,
    sum(variants_bytes) AS variants_bytes
  FROM images
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
  CAST(last_day + INTERVAL '1' DAY AS date) AS deleted_on, -- date: At the midnight (UTC) that begins this day.
  app,
  kind, -- varchar: The original, the variants or the document, and with it the row.
  CAST(sum(images) AS bigint) AS images, -- bigint: Of how many images.
  CAST(sum(bytes) AS bigint) AS bytes -- bigint: Size of the originals or of all the variants.
FROM kept
WHERE last_day >= current_date
GROUP BY last_day, app, kind
ORDER BY last_day, app, kind
`
}

/** As an expression: the last day on which something of an image is kept. */
function lastDay(retention: Retention, kind: keyof AppDays): string {
  const standard = `INTERVAL '${retention.default[kind]}' DAY`
  const own = Object.entries(retention.apps).flatMap(([app, { [kind]: days }]) =>
    days === undefined ? [] : `WHEN '${app}' THEN INTERVAL '${days}' DAY`,
  )
  const days = own.length === 0 ? standard : `CASE app ${own.join(' ')} ELSE ${standard} END`
  return `dt + ${days}`
}
