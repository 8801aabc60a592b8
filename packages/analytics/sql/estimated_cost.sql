-- Estimated cost per thousand images in US dollars
-- List prices of us-east-1 and the units that pnpm bench:cost counts, in dollars per million images: gateway requests, S3 writes,
-- S3 reads, SQS and SNS requests, the collector's queue, listings of the daily comparisons, logs; invocations and the memory of the functions besides processImages, which has
-- 1769 MB. An upload to S3 directly counts as one over HTTP. The files, merges and Glue's compaction for
-- analysts depend on the rate and are not in it: the README of analytics-catalog has them.
SELECT
  dt,
  app,
  count(*) AS images, -- bigint: Processed images.
  round((avg(processing_ms) / 1000e0 * 1.769e0 / 1.024e0 * 13.3334e0 + avg(
    CASE origin WHEN 'kafka' THEN 6 * 0.2e0 + 0.1e0 * 13.3334e0 ELSE 7 * 0.2e0 + 0.15e0 * 13.3334e0 END
  )) / 1000e0, 4) AS lambda_dollars, -- double: Lambda, per thousand images.
  round(avg(CASE origin
    WHEN 'kafka' THEN 1 * 1e0 + 6 * 5e0 + 11.5e0 * 0.4e0 + 11.1e0 * 0.4e0 + 1 * 0.5e0 + 1.2e0 * 0.4e0 + 0.0363e0 * 5e0 + 2.2e0
    ELSE 2 * 1e0 + 5 * 5e0 + 10e0 * 0.4e0 + 11.1e0 * 0.4e0 + 1 * 0.5e0 + 1.2e0 * 0.4e0 + 0.0363e0 * 5e0 + 2.35e0
  END) / 1000e0, 4) AS request_dollars, -- double: Requests to the gateway, S3, SQS and SNS, and logs, per thousand images.
  round(avg(bytes + variants_bytes) * 1000 / 1e9 * 0.023e0, 4) AS storage_month_dollars -- double: One month in S3 Standard, per thousand images.
FROM images_now
WHERE status = 'processed'
GROUP BY dt, app
ORDER BY dt DESC, app
