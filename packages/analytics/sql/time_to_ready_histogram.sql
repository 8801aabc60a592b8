-- Histogram of the time to ready, by day and app, to compute percentiles over any days and apps
-- Each step is ten percent longer than the one before, so results are accurate to five percent.
SELECT
  dt,
  CASE WHEN dt >= current_date - INTERVAL '1' DAY THEN replace(substr(CAST(accepted_at AS varchar), 1, 13), ' ', 'T') END AS accepted_hour, -- varchar: The hour of acceptance, yyyy-mm-ddThh, if it was yesterday or today.
  app,
  CAST(round(power(1.1e0, round(ln(greatest(queued_ms + processing_ms, 1)) / ln(1.1e0)))) AS bigint) AS ready_ms, -- bigint: Milliseconds from acceptance to the end of processing.
  count(*) AS images -- bigint: Processed images.
FROM images_now
WHERE status = 'processed'
GROUP BY 1, 2, 3, 4
ORDER BY 1 DESC, 2 DESC, 3, 4
