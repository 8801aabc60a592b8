-- Cameras, from EXIF
SELECT
  camera_make,
  camera_model,
  count(*) AS images, -- bigint: Processed images by this camera.
  CAST(count_if(had_location) AS bigint) AS with_location, -- bigint: Images whose original contains a location.
  min(taken_at) AS first_taken, -- varchar: The earliest local time of the camera.
  max(taken_at) AS last_taken -- varchar: The latest local time of the camera.
FROM images_now
WHERE status = 'processed' AND camera_model IS NOT NULL
GROUP BY camera_make, camera_model
ORDER BY images DESC, camera_make, camera_model
