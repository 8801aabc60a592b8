-- Images by day, app and source
SELECT
  dt,
  app,
  origin,
  count(*) AS images, -- bigint: Processed and failed images.
  CAST(count_if(status = 'processed') AS bigint) AS processed, -- bigint: Processed images.
  CAST(count_if(status = 'failed') AS bigint) AS failed, -- bigint: Failed images.
  CAST(sum(bytes) AS bigint) AS original_bytes -- bigint: Size of their originals.
FROM images_now
GROUP BY dt, app, origin
ORDER BY dt DESC, app, origin
