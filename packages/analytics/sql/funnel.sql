-- From attempts to images by day, app and source
-- A Kafka record that is refused has a failed document, without a media type because its original was never stored.
WITH counted AS (
  SELECT dt, app, origin, refusals AS refused, 0 AS processed, 0 AS failed, 0 AS erased
  FROM refusals
  UNION ALL
  SELECT
    dt,
    app,
    origin,
    CASE WHEN status = 'failed' AND origin = 'kafka' AND content_type IS NULL THEN 1 ELSE 0 END AS refused,
    CASE WHEN status = 'processed' THEN 1 ELSE 0 END AS processed,
    CASE WHEN status = 'failed' AND (origin <> 'kafka' OR content_type IS NOT NULL) THEN 1 ELSE 0 END AS failed,
    0 AS erased
  FROM images_now
  UNION ALL
  SELECT dt, app, CAST(NULL AS varchar) AS origin, 0 AS refused, 0 AS processed, 0 AS failed, 1 AS erased
  FROM erased_now
)
SELECT
  dt,
  app,
  origin, -- varchar: How the images came: http or kafka; NULL for erased images, of which nothing is kept.
  CAST(sum(refused + processed + failed + erased) AS bigint) AS attempted, -- bigint: Images that were sent, without those that still wait.
  CAST(sum(refused) AS bigint) AS refused, -- bigint: Refused before they were stored.
  CAST(sum(processed + failed + erased) AS bigint) AS accepted, -- bigint: Stored, whatever became of them.
  CAST(sum(processed) AS bigint) AS processed, -- bigint: Processed images, without erased ones.
  CAST(sum(failed) AS bigint) AS failed, -- bigint: Accepted images that could not be processed.
  CAST(sum(erased) AS bigint) AS erased -- bigint: Erased images, on the day on which they had been accepted.
FROM counted
GROUP BY dt, app, origin
ORDER BY dt DESC, app, origin
