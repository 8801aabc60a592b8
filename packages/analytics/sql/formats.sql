-- Media types of the originals, and how large they are
SELECT
  app,
  content_type,
  count(*) AS images,
  round(avg(bytes) / 1000.0, 1) AS average_kilobytes,
  round(avg(width * height) / 1000000.0, 2) AS average_megapixels
FROM image_documents
WHERE status = 'processed'
GROUP BY app, content_type
ORDER BY images DESC, app, content_type
