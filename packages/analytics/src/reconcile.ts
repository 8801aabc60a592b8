import type { AppId } from '@darkroom/core'

/** A query for the number of rows of `images` by app and day, those of erased images included: one for each document. */
export function rowCountsQuery(dates: string[]): string {
  const days = dates.map((date) => `DATE '${date}'`).join(', ')
  return `SELECT app, CAST(dt AS varchar) AS dt, count(*) AS rows_of_day FROM images WHERE dt IN (${days}) GROUP BY app, dt`
}

/** A query for the ids of all rows of an app's day. */
export function idsOfDayQuery({ app, date }: { app: AppId; date: string }): string {
  return `SELECT image_id FROM images WHERE app = '${app}' AND dt = DATE '${date}'`
}
