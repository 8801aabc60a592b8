-- Attributes of the images by app: what is declared, and how many values are of another type
SELECT
  app,
  attribute, -- varchar: The name of the attribute.
  declared_type, -- varchar: What the app declares; NULL if it does not declare the attribute, which then has no column.
  count(*) AS images, -- bigint: Images that have it.
  count(CASE WHEN NOT is_of_type THEN 1 END) AS of_other_type, -- bigint: Images whose value is not of the declared type, and so NULL in the column.
  count(DISTINCT value) AS different_values, -- bigint: How many different values there are.
  min(dt) AS first_dt, -- date: The first day with it.
  max(dt) AS last_dt -- date: The last day with it.
FROM image_attributes
GROUP BY app, attribute, declared_type
ORDER BY app, attribute
