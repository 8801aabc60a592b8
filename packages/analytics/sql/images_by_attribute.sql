-- Images by day, app and value of a declared attribute, status and media type; yesterday's and today's also by hour
SELECT
  dt,
  CASE WHEN dt >= current_date - INTERVAL '1' DAY THEN replace(substr(CAST(accepted_at AS varchar), 1, 13), ' ', 'T') END AS accepted_hour, -- varchar: The hour of acceptance, yyyy-mm-ddThh, if it was yesterday or today.
  app,
  attribute, -- varchar: The name of the attribute; attributes of the type time are left out.
  value, -- varchar: Its value; those of another type than the declared one are left out.
  origin,
  status,
  failure_type,
  content_type,
  count(*) AS images, -- bigint: Processed and failed images.
  CAST(sum(bytes) AS bigint) AS original_bytes, -- bigint: Size of their originals.
  CAST(sum(variants_bytes) AS bigint) AS variants_bytes -- bigint: Size of all their variants.
FROM image_attributes
WHERE is_of_type AND declared_type <> 'time'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
ORDER BY 1 DESC, 2 DESC, 3, 4, 5, 6, 7, 8, 9
