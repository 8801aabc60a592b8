import type { AppId } from '@darkroom/core'

/** A query for the number of rows of `images` by app and day, those of erased images included: one for each document. */
export function rowCountsQuery(dates: string[]): string {
  const days = dates.map((date) => `DATE '${date}'`).join(', ')
  return `SELECT app, CAST(dt AS varchar) AS dt, count(*) AS rows_of_day FROM images WHERE dt IN (${days}) GROUP BY app, dt`
}

/** The part of an id that is the same for all ids of 65.5 seconds: the first eight digits of its time. */
export const SLOT_DIGITS = 8
export const SLOT_MS = 65_536

/** A query for the number of rows of an app's day by slot. */
export function rowsOfSlotsQuery(day: { app: AppId; date: string }): string {
  const slot = `substr(image_id, 1, ${SLOT_DIGITS})`
  return `SELECT ${slot} AS slot, count(*) AS rows_of_slot FROM images WHERE ${isOf(day)} GROUP BY ${slot}`
}

/** A query for the ids of all rows of an app's day, or of a slot of it. */
export function idsOfDayQuery(day: { app: AppId; date: string }, slot?: string): string {
  const ofSlot = slot === undefined ? '' : ` AND substr(image_id, 1, ${SLOT_DIGITS}) = '${slot}'`
  return `SELECT image_id FROM images WHERE ${isOf(day)}${ofSlot}`
}

const isOf = ({ app, date }: { app: AppId; date: string }) => `app = '${app}' AND dt = DATE '${date}'`
