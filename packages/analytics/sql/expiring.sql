-- What S3 deletes when
-- Made of the retention by `pnpm darkroom retention --sql`; do not edit.
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
  SELECT app, 'original' AS kind, dt + INTERVAL '30' DAY AS last_day, images, bytes
  FROM stored
  UNION ALL
  SELECT app, 'variants' AS kind, dt + INTERVAL '365' DAY AS last_day, developed AS images, variants_bytes AS bytes
  FROM stored
  WHERE developed > 0
  UNION ALL
  SELECT app, 'document' AS kind, dt + INTERVAL '730' DAY AS last_day, images, NULL AS bytes
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
