import type { Reading, Views } from './get-figures.ts'

/** The selected app and days. */
export interface Selection {
  /** Empty for all. */
  app: string
  /** The first and the last day, `yyyy-mm-dd`. */
  from: string
  to: string
}

/** The presets: number of days up to today. Up to DAYS_BY_HOUR days are shown by the hour. */
export const RANGES = [2, 7, 30, 90, 365]
export const DAYS_BY_HOUR = 2

export const DAY_MS = 86_400_000

/** The days from `days - 1` before today up to today. */
export function lastDays(days: number, today: string): Pick<Selection, 'from' | 'to'> {
  return { from: new Date(Date.parse(today) - (days - 1) * DAY_MS).toISOString().slice(0, 10), to: today }
}

export function todayOf({ madeAt }: Reading): string {
  return madeAt.slice(0, 10)
}

/** Reads the selection from the page's URL, so that it can be bookmarked and shared. Otherwise picks a default range. */
export function readSelection(pageUrl: string, reading: Reading): Selection {
  const query = new URL(pageUrl).searchParams
  const today = todayOf(reading)
  const [from, to] = ['from', 'to'].map((name) => query.get(name) ?? '')
  const app = query.get('app') ?? ''
  if (isDay(from) && isDay(to) && from <= to) return { app, from, to }
  const days = Number(query.get('days'))
  return { app, ...lastDays(RANGES.includes(days) ? days : defaultRange(reading, today), today) }
}

function isDay(text: string | undefined): text is string {
  return /^\d{4}-\d\d-\d\d$/.test(text ?? '') && !Number.isNaN(Date.parse(text ?? ''))
}

/** 30 days, or the last two by the hour if there are no older images. */
function defaultRange({ views }: Reading, today: string): number {
  const since = lastDays(DAYS_BY_HOUR, today).from
  return views.images_by_hour.every(({ dt }) => dt >= since) ? DAYS_BY_HOUR : 30
}

/** The page's URL for a selection. A preset is stored as a number of days, so that it moves on with the date. */
export function toUrl(pageUrl: string, selection: Selection, today: string): string {
  const url = new URL(pageUrl)
  const days = presetOf(selection, today)
  const { app, from, to } = selection
  url.search = new URLSearchParams({
    ...(app && { app }),
    ...(days ? { days: String(days) } : { from, to }),
  }).toString()
  return url.href
}

export function presetOf({ from, to }: Selection, today: string): number | undefined {
  return RANGES.find((days) => {
    const preset = lastDays(days, today)
    return preset.from === from && preset.to === to
  })
}

/** The rows of a selection. */
export function select(views: Views, { app, from, to }: Selection): Views {
  const isSelected = (row: { dt: string; app: string }) =>
    row.dt >= from && row.dt <= to && (!app || row.app === app)
  return Object.fromEntries(
    Object.entries(views).map(([name, rows]) => [
      name,
      (rows as { dt: string; app: string }[]).filter(isSelected),
    ]),
  ) as unknown as Views
}
