-- Images that look like an earlier one of the same app, by day
SELECT
  image.dt AS dt,
  image.app AS app,
  count(DISTINCT pair.other_image_id) AS images -- bigint: Images that look like an earlier one.
FROM near_duplicates AS pair
JOIN images AS image ON image.app = pair.app AND image.image_id = pair.other_image_id
GROUP BY image.dt, image.app
ORDER BY dt DESC, app
