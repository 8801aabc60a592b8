-- US dollars per thousand images, estimated
-- List prices of us-east-1: Lambda at 1769 MB on arm64; for an image five S3 writes, two reads and three SQS requests;
-- a month of S3 Standard.
SELECT
  dt,
  app,
  count(*) AS images,
  round(avg(processing_ms) * 1.769 / 1.024 * 0.0000133334, 4) AS lambda_dollars,
  round(1000 * (5 * 0.000005 + 2 * 0.0000004 + 3 * 0.0000004), 4) AS request_dollars,
  round(avg(bytes + variants_bytes) * 1000 / 1000000000.0 * 0.023, 4) AS storage_month_dollars
FROM image_documents
WHERE status = 'processed'
GROUP BY dt, app
ORDER BY dt DESC, app
