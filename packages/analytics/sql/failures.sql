-- Failed images by reason
SELECT
  app,
  origin,
  failure_type,
  count(*) AS images,
  min(dt) AS first_day,
  max(dt) AS last_day
FROM image_documents
WHERE status = 'failed'
GROUP BY app, origin, failure_type
ORDER BY images DESC, app, origin, failure_type
