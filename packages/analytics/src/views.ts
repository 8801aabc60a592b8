import {
  type Column,
  imageColumns,
  LOOK_ALIKE_COLUMNS,
  refusalColumns,
  rowColumns,
  type ScalarType,
} from './columns.ts'
import { KEY, newestOf, WATERMARK_DAY } from './merge.ts'

/** A view that the analysts' queries are built on. */
export interface BaseView {
  name: string
  title: string
  sql: string
  columns: (Column & { type: ScalarType })[]
}

const sameImage = (one: string, other: string) =>
  KEY.map((name) => `${one}.${name} = ${other}.${name}`).join(' AND ')
const named = (table: string, columns: { name: string }[]) =>
  columns.map(({ name }) => `${table}.${name} AS ${name}`).join(',\n  ')

/**
 * Athena and DuckDB build the hash table of a join from its right side, so that is always the smaller one: what is not merged
 * yet, and not `images`.
 */
export function baseViews(): BaseView[] {
  const identity = KEY.flatMap((key) => imageColumns().filter(({ name }) => name === key))
  return [
    {
      name: 'outcomes_not_merged',
      title: 'The newest event of each image that is collected and may not be in the table yet',
      sql: newestOf(`SELECT event.*
      FROM collected_outcomes AS event
      CROSS JOIN (
        SELECT coalesce(max(sequence), '') AS merged_until FROM images WHERE dt = ${WATERMARK_DAY}
      ) AS watermark
      WHERE event.hour >= substr(watermark.merged_until, 1, 13) AND event.collected_at > watermark.merged_until`),
      columns: rowColumns(),
    },
    {
      name: 'images_now',
      title: 'One row per image, processed or failed, a minute or two after it is finished',
      sql: `SELECT
  ${named('image', imageColumns())}
FROM images AS image
LEFT JOIN outcomes_not_merged AS event ON ${sameImage('image', 'event')}
WHERE image.status <> 'erased' AND image.dt > ${WATERMARK_DAY}
  AND (event.sequence IS NULL OR event.sequence <= coalesce(image.sequence, ''))
UNION ALL
SELECT
  ${named('event', imageColumns())}
FROM images AS image
RIGHT JOIN outcomes_not_merged AS event ON ${sameImage('image', 'event')}
WHERE event.status <> 'erased' AND (image.image_id IS NULL OR event.sequence > coalesce(image.sequence, ''))`,
      columns: imageColumns(),
    },
    {
      name: 'erased_now',
      title: 'Images that were erased, without any data of them',
      sql: `SELECT
  app,
  dt,
  image_id
FROM images
WHERE status = 'erased'
UNION
SELECT
  app,
  dt,
  image_id
FROM outcomes_not_merged
WHERE status = 'erased'`,
      columns: identity,
    },
    {
      name: 'look_alikes_now',
      title: 'Images that look like an earlier one of the same app, without erased ones',
      // DuckDB reads a common table once, which is half of the time.
      sql: `WITH erased AS (SELECT app, image_id FROM erased_now)
SELECT
  ${named('pair', LOOK_ALIKE_COLUMNS)}
FROM look_alikes AS pair
LEFT JOIN erased AS earlier ON pair.app = earlier.app AND pair.image_id = earlier.image_id
LEFT JOIN erased AS later ON pair.app = later.app AND pair.other_image_id = later.image_id
WHERE earlier.image_id IS NULL AND later.image_id IS NULL`,
      columns: LOOK_ALIKE_COLUMNS,
    },
    {
      name: 'refusals',
      title: 'Images that were refused before they were stored, one row for each event',
      // An event can be there twice, and is the same both times.
      sql: `SELECT DISTINCT
  ${refusalColumns()
    .map(({ name, expression }) => `${expression} AS ${name}`)
    .join(',\n  ')}
FROM collected_refusals AS event`,
      columns: refusalColumns(),
    },
  ]
}
