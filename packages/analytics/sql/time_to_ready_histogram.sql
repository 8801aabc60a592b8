-- How many images took how long to be ready, by day and app; percentiles of any days and apps follow from it
-- Times are gathered in steps of ten per cent, so what is read from them is right to five per cent.
SELECT
  dt,
  CASE WHEN CAST(dt AS date) >= current_date - INTERVAL '1' DAY THEN substr(accepted_at, 1, 13) END AS accepted_hour,
  app,
  CAST(round(power(1.1, round(ln(greatest(queued_ms + processing_ms, 1)) / ln(1.1)))) AS bigint) AS ready_ms,
  count(*) AS images
FROM image_documents
WHERE status = 'processed'
GROUP BY 1, 2, 3, 4
ORDER BY 1 DESC, 2 DESC, 3, 4
