-- Size of the variants compared with the originals
SELECT
  app,
  count(*) AS images, -- bigint: Processed images.
  CAST(sum(bytes) AS bigint) AS original_bytes, -- bigint: Size of their originals.
  CAST(sum(variants_bytes) AS bigint) AS variants_bytes, -- bigint: Size of all their variants.
  CAST(sum(bytes) - sum(variants_bytes) AS bigint) AS bytes_saved, -- bigint: The difference.
  round(100e0 * (sum(bytes) - sum(variants_bytes)) / sum(bytes), 1) AS percent_saved -- double: The difference in percent of the originals.
FROM images_now
WHERE status = 'processed'
GROUP BY app
ORDER BY app
