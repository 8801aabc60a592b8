-- Seconds from acceptance to the end of processing, by day and app
WITH days AS (
  SELECT
    dt,
    app,
    count(*) AS images,
    approx_percentile(queued_ms + processing_ms, ARRAY[0.5, 0.95, 0.99]) AS ms
  FROM images_now
  WHERE status = 'processed'
  GROUP BY dt, app
)
SELECT
  dt,
  app,
  images, -- bigint: Processed images.
  ms[1] / 1e3 AS p50_seconds, -- double: 50 % of the images were ready within this time.
  ms[2] / 1e3 AS p95_seconds, -- double: 95 % of the images were ready within this time.
  ms[3] / 1e3 AS p99_seconds -- double: 99 % of the images were ready within this time.
FROM days
ORDER BY dt DESC, app
