-- Failed images by reason
SELECT
  app,
  origin,
  failure_type,
  count(*) AS images, -- bigint: Failed images.
  min(dt) AS first_day, -- date: The first day with such a failure.
  max(dt) AS last_day -- date: The last day with such a failure.
FROM images_now
WHERE status = 'failed'
GROUP BY app, origin, failure_type
ORDER BY images DESC, app, origin, failure_type
