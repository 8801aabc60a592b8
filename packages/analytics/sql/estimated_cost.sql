-- Estimated cost per thousand images in US dollars
-- List prices of us-east-1 and the units that pnpm bench:cost counts, in dollars per million: gateway requests, S3 writes,
-- S3 reads, SQS and SNS requests, the collector's queue, listings of the daily comparisons, logs; invocations and the memory of the functions besides processImages, which has
-- 1769 MB. An upload to S3 directly counts as one over HTTP. A day's images share what its files (one a minute, or 3848 images), its merges, the
-- searches for look-alikes and the maintenance of analysts' tables cost, where Athena bills megabytes.
WITH days AS (
  SELECT
    dt,
    greatest(count(*) / 3848e0, least(count(*), 1440)) AS files,
    least(count(*), 288) AS merges,
    count(*) AS images
  FROM images_now
  WHERE status = 'processed'
  GROUP BY dt
),
analysts AS (
  SELECT
    dt,
    (files * 0.2e0 + files * 5e0 + 2.8e0 * files * 0.4e0 + 0.000065e0 * images * 13.3334e0
      + merges * 0.2e0 + 10 * merges * 5e0 + 2.5e0 * merges * 13.3334e0
      + (greatest(30 * merges, 0.000643e0 * images) + 0.00003e0 * merges * images) * 5e0
      + greatest(240, 0.4907e0 * images) * 5e0
      + (110 + greatest(10, 0.00025e0 * images)) * 5e0
      + 15 * merges * 0.4e0 + 2.3e0 * merges * 5e0 + 30 * 5e0 + 400 * 0.4e0
    ) / images AS dollars
  FROM days
)
SELECT
  dt,
  app,
  count(*) AS images, -- bigint: Processed images.
  round((avg(processing_ms) / 1000e0 * 1.769e0 / 1.024e0 * 13.3334e0 + avg(
    CASE origin WHEN 'kafka' THEN 6 * 0.2e0 + 0.1e0 * 13.3334e0 ELSE 7 * 0.2e0 + 0.15e0 * 13.3334e0 END
  )) / 1000e0, 4) AS lambda_dollars, -- double: Lambda, per thousand images.
  round((avg(CASE origin
    WHEN 'kafka' THEN 1 * 1e0 + 6 * 5e0 + 11.5e0 * 0.4e0 + 11.1e0 * 0.4e0 + 1 * 0.5e0 + 1.2e0 * 0.4e0 + 0.0363e0 * 5e0 + 2.2e0
    ELSE 2 * 1e0 + 5 * 5e0 + 10e0 * 0.4e0 + 11.1e0 * 0.4e0 + 1 * 0.5e0 + 1.2e0 * 0.4e0 + 0.0363e0 * 5e0 + 2.35e0
  END) + avg(analysts.dollars)) / 1000e0, 4) AS request_dollars, -- double: Requests to the gateway, S3, SQS and SNS, logs, and analysts' tables, per thousand images.
  round(avg(bytes + variants_bytes) * 1000 / 1e9 * 0.023e0, 4) AS storage_month_dollars -- double: One month in S3 Standard, per thousand images.
FROM images_now JOIN analysts USING (dt)
WHERE status = 'processed'
GROUP BY dt, app
ORDER BY dt DESC, app
