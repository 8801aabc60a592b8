import { dateOf, type ImageRef } from '@darkroom/core'

/** The tables of Iceberg: their files and snapshots keep rows after they were deleted. */
export const ICEBERG_TABLES = ['images', 'look_alikes'] as const
/** All tables. Views store nothing. */
export const TABLES = [...ICEBERG_TABLES, 'image_documents'] as const
type Table = (typeof TABLES)[number]
export type IcebergTable = (typeof ICEBERG_TABLES)[number]

/** A query for the number of rows of an image, in Athena's SQL. Receipts of erasures do not count. */
export function rowsOfImageQuery(table: Table, image: ImageRef): string {
  return `SELECT count(*) AS found FROM ${table} WHERE ${isOfImage(table, image)}`
}

/** A SQL condition. The app, the id and the date are checked parts of keys, so they contain no quotes. */
export function isOfImage(table: Table, image: ImageRef): string {
  return CONDITIONS[table](image)
}

const CONDITIONS: Record<Table, (image: ImageRef) => string> = {
  images: ({ app, imageId }) =>
    `app = '${app}' AND dt = DATE '${dateOf(imageId)}' AND image_id = '${imageId}' AND status <> 'erased'`,
  look_alikes: ({ app, imageId }) => `app = '${app}' AND '${imageId}' IN (image_id, other_image_id)`,
  image_documents: ({ app, imageId }) =>
    `app = '${app}' AND dt = '${dateOf(imageId)}' AND image_id = '${imageId}' AND status <> 'erased'`,
}

/** A query for the snapshots of a table, by which an earlier state of it can be read: the oldest first. */
export function snapshotsQuery(table: IcebergTable): string {
  return `SELECT CAST(snapshot_id AS varchar) AS snapshot_id FROM "${table}$snapshots" ORDER BY committed_at`
}

/** A query for those of some snapshots that have rows of an image, with the number of rows. */
export function snapshotsWithImageQuery(table: IcebergTable, image: ImageRef, snapshots: string[]): string {
  const counts = snapshots.map(
    (id) =>
      `SELECT '${id}' AS snapshot_id, count(*) AS found FROM ${table} FOR VERSION AS OF ${id} WHERE ${isOfImage(table, image)}`,
  )
  return `SELECT snapshot_id, found FROM (\n  ${counts.join('\n  UNION ALL ')}\n) WHERE found > 0`
}

/** A query for an address of one of the table's own files, from which the place of all of them follows; none if it never had rows. */
export function fileOfTableQuery(table: IcebergTable): string {
  return `SELECT path FROM "${table}$manifests" LIMIT 1`
}
