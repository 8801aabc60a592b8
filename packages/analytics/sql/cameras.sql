-- Cameras, by what EXIF says
SELECT
  camera_make,
  camera_model,
  count(*) AS images, -- bigint: Processed images by this camera.
  CAST(count_if(had_location) AS bigint) AS with_location, -- bigint: Those whose original says where it was taken.
  min(taken_at) AS first_taken, -- varchar: The earliest of the camera's own times.
  max(taken_at) AS last_taken -- varchar: The latest of them.
FROM images
WHERE status = 'processed' AND camera_model IS NOT NULL
GROUP BY camera_make, camera_model
ORDER BY images DESC, camera_make, camera_model
