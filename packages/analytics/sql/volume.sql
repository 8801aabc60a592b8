-- Images by day, app and way in
SELECT
  dt,
  app,
  origin,
  count(*) AS images, -- bigint: Images, processed and failed.
  CAST(count_if(status = 'processed') AS bigint) AS processed, -- bigint: Those that are processed.
  CAST(count_if(status = 'failed') AS bigint) AS failed, -- bigint: Those that failed.
  CAST(sum(bytes) AS bigint) AS original_bytes -- bigint: Size of their originals.
FROM images
GROUP BY dt, app, origin
ORDER BY dt DESC, app, origin
