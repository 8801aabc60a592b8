import { MONTHS } from '@darkroom/page/format'
import { DAY_MS, DAYS_BY_HOUR, lastDays, type Selection } from './selection.ts'

/** A row with a day and, for recent rows, an hour. */
export interface Slotted {
  dt: string
  accepted_hour?: string | null
}

export type Unit = 'hour' | 'day' | 'week' | 'month'

/** The steps of a time axis, without gaps. */
export interface Slots {
  /** The beginning of each: `2026-11-25`, with hours `2026-11-25T14`. */
  names: string[]
  unit: Unit
  /** The slot of a row. */
  of(row: Slotted): string
}

/** Up to this many days are shown by the day, and up to the other by the week: more columns are too thin. */
const MAX_DAYS_BY_DAY = 92
const MAX_DAYS_BY_WEEK = 366

/** Hours for a short, recent selection, otherwise as `datesOf`. */
export function slotsOf(selection: Selection, now: string): Slots {
  const { from, to } = selection
  const today = now.slice(0, 10)
  if (from < lastDays(DAYS_BY_HOUR, today).from) return datesOf(selection)
  const end = to < today ? `${to}T23` : now.slice(0, 13)
  const hours = (Date.parse(`${end}:00Z`) - Date.parse(from)) / HOUR_MS
  const names = Array.from({ length: Math.floor(hours) + 1 }, (_, n) =>
    new Date(Date.parse(from) + n * HOUR_MS).toISOString().slice(0, 13),
  )
  return { names, unit: 'hour', of: ({ dt, accepted_hour }) => accepted_hour ?? `${dt}T00` }
}

const HOUR_MS = DAY_MS / 24

/** Days, or for a long selection weeks from Monday, or months. The first and the last one can be incomplete. */
export function datesOf({ from, to }: Selection): Slots {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
  const unit = days <= MAX_DAYS_BY_DAY ? 'day' : days <= MAX_DAYS_BY_WEEK ? 'week' : 'month'
  const starts = Array.from({ length: days }, (_, n) => startOf(isoDay(Date.parse(from) + n * DAY_MS), unit))
  return { names: [...new Set(starts)], unit, of: ({ dt }) => startOf(dt, unit) }
}

function startOf(day: string, unit: Unit): string {
  if (unit === 'month') return `${day.slice(0, 7)}-01`
  if (unit === 'day') return day
  const daysAfterMonday = (new Date(day).getUTCDay() + 6) % 7
  return isoDay(Date.parse(day) - daysAfterMonday * DAY_MS)
}

function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** `25 Nov`, `14:00`, `Nov 2026`. Midnight shows the day. */
export function slotLabel(slot: string, unit: Unit): string {
  const hour = slot.slice(11)
  if (hour && hour !== '00') return `${hour}:00`
  const date = new Date(slot.slice(0, 10))
  return unit === 'month' ? monthOf(date) : `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
}

/** `Wed 25 Nov 2026, 14:00–15:00`, `week from Mon 23 Nov 2026`, `Nov 2026` */
export function slotTitle(slot: string, unit: Unit): string {
  const date = new Date(slot.slice(0, 10))
  if (unit === 'month') return monthOf(date)
  const day = `${WEEKDAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${monthOf(date)}`
  if (unit === 'week') return `week from ${day}`
  const hour = Number(slot.slice(11))
  return unit === 'hour' ? `${day}, ${pad(hour)}:00–${pad(hour + 1)}:00` : day
}

function monthOf(date: Date): string {
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

function pad(hour: number): string {
  return String(hour).padStart(2, '0')
}
