-- Seconds from acceptance to the end of processing, by day and app
SELECT
  dt,
  app,
  count(*) AS images,
  round(approx_percentile((queued_ms + processing_ms) / 1000.0, 0.5), 3) AS p50_seconds,
  round(approx_percentile((queued_ms + processing_ms) / 1000.0, 0.95), 3) AS p95_seconds,
  round(approx_percentile((queued_ms + processing_ms) / 1000.0, 0.99), 3) AS p99_seconds
FROM image_documents
WHERE status = 'processed'
GROUP BY dt, app
ORDER BY dt DESC, app
