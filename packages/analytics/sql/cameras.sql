-- Cameras, by what EXIF says
SELECT
  camera_make,
  camera_model,
  count(*) AS images,
  count_if(had_location) AS with_location,
  min(taken_at) AS first_taken,
  max(taken_at) AS last_taken
FROM image_documents
WHERE status = 'processed' AND camera_model IS NOT NULL
GROUP BY camera_make, camera_model
ORDER BY images DESC, camera_make, camera_model
