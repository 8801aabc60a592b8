-- Images by day, app and way in
SELECT
  dt,
  app,
  origin,
  count(*) AS images,
  count_if(status = 'processed') AS processed,
  count_if(status = 'failed') AS failed,
  sum(bytes) AS original_bytes
FROM image_documents
WHERE status <> 'erased'
GROUP BY dt, app, origin
ORDER BY dt DESC, app, origin
