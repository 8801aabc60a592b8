-- Images that look like an earlier one of the same app, by day
SELECT
  image.dt AS dt,
  image.app AS app,
  count(DISTINCT pair.other_image_id) AS images
FROM near_duplicates AS pair
JOIN image_documents AS image ON image.app = pair.app AND image.image_id = pair.other_image_id
GROUP BY image.dt, image.app
ORDER BY dt DESC, app
