import type { LoadedFigures, Reading, Views } from './get-figures.ts'

/** The selected app and days, and a value of one of the app's attributes. */
export interface Selection {
  /** Empty for all. */
  app: string
  /** The first and the last day, `yyyy-mm-dd`. */
  from: string
  to: string
  attribute?: { name: string; value: string } | undefined
}

/** The presets: number of days up to today. Up to DAYS_BY_HOUR days are shown by the hour. */
export const RANGES = [2, 7, 30, 90, 365]
export const DAYS_BY_HOUR = 2

export const DAY_MS = 86_400_000

/** The days from `days - 1` before today up to today. */
export function lastDays(days: number, today: string): Pick<Selection, 'from' | 'to'> {
  return { from: new Date(Date.parse(today) - (days - 1) * DAY_MS).toISOString().slice(0, 10), to: today }
}

export function todayOf({ madeAt }: LoadedFigures): string {
  return madeAt.slice(0, 10)
}

/** Reads the selection from the page's URL, so that it can be bookmarked and shared. Otherwise picks a default range. */
export function readSelection(pageUrl: string, reading: LoadedFigures): Selection {
  const query = new URL(pageUrl).searchParams
  const today = todayOf(reading)
  const [from, to] = ['from', 'to'].map((name) => query.get(name) ?? '')
  const app = query.get('app') ?? ''
  const attribute = attributeIn(query, attributesOf(reading, app))
  const what = { app, ...(attribute && { attribute }) }
  if (isDay(from) && isDay(to) && from <= to) return { ...what, from, to }
  const days = Number(query.get('days'))
  return { ...what, ...lastDays(RANGES.includes(days) ? days : defaultRange(reading, today), today) }
}

/** The declared attributes of an app that its images have, and their most frequent values. */
export function attributesOf({ attributes }: LoadedFigures, app: string): Map<string, string[]> {
  return new Map(Object.entries(new Map(Object.entries(attributes)).get(app) ?? {}))
}

/** Only values of which there are figures. */
function attributeIn(query: URLSearchParams, known: Map<string, string[]>): Selection['attribute'] {
  const [name, value] = [query.get('attribute') ?? '', query.get('value') ?? '']
  return known.get(name)?.includes(value) ? { name, value } : undefined
}

function isDay(text: string | undefined): text is string {
  return /^\d{4}-\d\d-\d\d$/.test(text ?? '') && !Number.isNaN(Date.parse(text ?? ''))
}

/** 30 days, or the last two by the hour if there are no older images. */
function defaultRange({ views }: LoadedFigures, today: string): number {
  const since = lastDays(DAYS_BY_HOUR, today).from
  return views.images_by_hour.every(({ dt }) => dt >= since) ? DAYS_BY_HOUR : 30
}

/** The page's URL for a selection. A preset is stored as a number of days, so that it moves on with the date. */
export function toUrl(pageUrl: string, selection: Selection, today: string): string {
  const url = new URL(pageUrl)
  const days = presetOf(selection, today)
  const { app, from, to, attribute } = selection
  url.search = new URLSearchParams({
    ...(app && { app }),
    ...(attribute && { attribute: attribute.name, value: attribute.value }),
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

/** The rows of a selection. With an attribute, there are only those by which images are counted. */
export function select({ views, byAttribute }: Reading, { app, from, to, attribute }: Selection): Views {
  const isSelected = (row: { dt: string; app: string }) =>
    row.dt >= from && row.dt <= to && (!app || row.app === app)
  const selected = Object.entries(views).map(([name, rows]) => [
    name,
    attribute ? [] : (rows as { dt: string; app: string }[]).filter(isSelected),
  ])
  if (attribute) {
    const rows = byAttribute?.rows.filter(
      (row) => isSelected(row) && row.attribute === attribute.name && row.value === attribute.value,
    )
    selected.push(['images_by_hour', rows ?? []])
  }
  return Object.fromEntries(selected)
}
