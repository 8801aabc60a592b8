-- Estimated cost per thousand images in US dollars
-- List prices of us-east-1: Lambda with 1769 MB on arm64; five S3 writes, two S3 reads and three SQS requests per image;
-- one month of S3 Standard.
SELECT
  dt,
  app,
  count(*) AS images, -- bigint: Processed images.
  round(avg(processing_ms) * 1.769e0 / 1.024e0 * 0.0000133334e0, 4) AS lambda_dollars, -- double: Lambda, per thousand images.
  round(1000 * (5 * 0.000005e0 + 2 * 0.0000004e0 + 3 * 0.0000004e0), 4) AS request_dollars, -- double: Requests to S3 and SQS, per thousand images.
  round(avg(bytes + variants_bytes) * 1000 / 1e9 * 0.023e0, 4) AS storage_month_dollars -- double: One month in S3 Standard, per thousand images.
FROM images
WHERE status = 'processed'
GROUP BY dt, app
ORDER BY dt DESC, app
