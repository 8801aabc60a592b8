-- Images that look like an earlier one of the same app, by day
SELECT
  dt,
  app,
  count(*) AS images -- bigint: Images that look like an earlier one.
FROM look_alikes_now
GROUP BY dt, app
ORDER BY dt DESC, app
