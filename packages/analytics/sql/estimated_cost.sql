-- US dollars per thousand images, estimated
-- List prices of us-east-1: Lambda at 1769 MB on arm64; for an image five S3 writes, two reads and three SQS requests;
-- a month of S3 Standard.
SELECT
  dt,
  app,
  count(*) AS images, -- bigint: Processed images.
  round(avg(processing_ms) * 1.769e0 / 1.024e0 * 0.0000133334e0, 4) AS lambda_dollars, -- double: Lambda, for a thousand images.
  round(1000 * (5 * 0.000005e0 + 2 * 0.0000004e0 + 3 * 0.0000004e0), 4) AS request_dollars, -- double: Requests to S3 and SQS, for a thousand images.
  round(avg(bytes + variants_bytes) * 1000 / 1e9 * 0.023e0, 4) AS storage_month_dollars -- double: A month in S3 Standard, for a thousand images.
FROM images
WHERE status = 'processed'
GROUP BY dt, app
ORDER BY dt DESC, app
