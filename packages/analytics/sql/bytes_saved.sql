-- What the variants take in place of the originals
SELECT
  app,
  count(*) AS images,
  sum(bytes) AS original_bytes,
  sum(variants_bytes) AS variants_bytes,
  sum(bytes) - sum(variants_bytes) AS bytes_saved,
  round(100.0 * (sum(bytes) - sum(variants_bytes)) / sum(bytes), 1) AS percent_saved
FROM image_documents
WHERE status = 'processed'
GROUP BY app
ORDER BY app
