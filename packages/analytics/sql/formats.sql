-- Media types of the originals and their average sizes
SELECT
  app,
  content_type,
  count(*) AS images, -- bigint: Processed images.
  round(avg(bytes) / 1000, 1) AS average_kilobytes, -- double: Size of the original, thousands of bytes.
  round(avg(width * height) / 1e6, 2) AS average_megapixels -- double: Size of the original, millions of pixels.
FROM images_now
WHERE status = 'processed'
GROUP BY app, content_type
ORDER BY images DESC, app, content_type
