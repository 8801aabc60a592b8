-- What S3 will have deleted within 30 days, by day
-- Made of the retention by `pnpm darkroom retention --sql`; do not edit.
WITH kept AS (
  SELECT app, 'original' AS kind, CAST(dt AS date) + INTERVAL '30' DAY AS last_day, bytes
  FROM image_documents WHERE status <> 'erased'
  UNION ALL
  SELECT app, 'variants' AS kind, CAST(dt AS date) + INTERVAL '365' DAY AS last_day, variants_bytes AS bytes
  FROM image_documents WHERE status = 'processed'
  UNION ALL
  SELECT app, 'document' AS kind, CAST(dt AS date) + INTERVAL '730' DAY AS last_day, NULL AS bytes
  FROM image_documents
)
SELECT CAST(last_day + INTERVAL '1' DAY AS date) AS deleted_on, app, kind, count(*) AS images, sum(bytes) AS bytes
FROM kept
WHERE last_day BETWEEN current_date - INTERVAL '1' DAY AND current_date + INTERVAL '29' DAY
GROUP BY last_day, app, kind
ORDER BY last_day, app, kind
