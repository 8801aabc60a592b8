-- Images by day, app, way in, outcome and media type; yesterday's and today's by hour as well
SELECT
  dt,
  CASE WHEN CAST(dt AS date) >= current_date - INTERVAL '1' DAY THEN substr(accepted_at, 1, 13) END AS accepted_hour,
  app,
  origin,
  status,
  failure_type,
  content_type,
  count(*) AS images,
  sum(bytes) AS original_bytes,
  sum(variants_bytes) AS variants_bytes
FROM image_documents
WHERE status <> 'erased'
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1 DESC, 2 DESC, 3, 4, 5, 6, 7
