-- What is stored, by the age of the image
SELECT
  app,
  CASE
    WHEN date_diff('day', CAST(dt AS date), current_date) < 7 THEN '1: up to a week'
    WHEN date_diff('day', CAST(dt AS date), current_date) < 30 THEN '2: up to 30 days'
    WHEN date_diff('day', CAST(dt AS date), current_date) < 365 THEN '3: up to a year'
    ELSE '4: older'
  END AS age,
  count(*) AS images,
  sum(bytes) AS original_bytes,
  sum(variants_bytes) AS variants_bytes
FROM image_documents
WHERE status <> 'erased'
GROUP BY 1, 2
ORDER BY 1, 2
