-- Stored images and bytes by age
SELECT
  app,
  CASE WHEN date_diff('day', dt, current_date) < 7 THEN '1: up to a week'
    WHEN date_diff('day', dt, current_date) < 30 THEN '2: up to 30 days'
    WHEN date_diff('day', dt, current_date) < 365 THEN '3: up to a year'
    ELSE '4: older'
  END AS age, -- varchar: Time since the image was accepted.
  count(*) AS images, -- bigint: Processed and failed images.
  CAST(sum(bytes) AS bigint) AS original_bytes, -- bigint: Size of their originals.
  CAST(sum(variants_bytes) AS bigint) AS variants_bytes -- bigint: Size of all their variants.
FROM images_now
GROUP BY 1, 2
ORDER BY 1, 2
