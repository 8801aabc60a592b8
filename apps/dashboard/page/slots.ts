import { DAY_MS, DAYS_BY_HOUR, lastDays, type Selection } from './selection.ts'

/** A row with a day and, for recent rows, an hour. */
export interface Slotted {
  dt: string
  accepted_hour?: string | null
}

/** The steps of a time axis: days, or the hours of yesterday and today. */
export interface Slots {
  /** `2026-11-25`, or `2026-11-25T14`, without gaps. */
  names: string[]
  unit: 'day' | 'hour'
  /** The slot of a row. */
  of(row: Slotted): string
}

/** Hours for a short, recent selection, otherwise days. */
export function slotsOf(selection: Selection, now: string): Slots {
  const { from, to } = selection
  const today = now.slice(0, 10)
  if (from < lastDays(DAYS_BY_HOUR, today).from) return daysOf(selection)
  return {
    names: steps(from, to < today ? `${to}T23` : now.slice(0, 13), DAY_MS / 24, 13),
    unit: 'hour',
    of: ({ dt, accepted_hour }) => accepted_hour ?? `${dt}T00`,
  }
}

export function daysOf({ from, to }: Selection): Slots {
  return { names: steps(from, `${to}T00`, DAY_MS, 10), unit: 'day', of: ({ dt }) => dt }
}

function steps(from: string, to: string, stepMs: number, length: number): string[] {
  const first = Date.parse(from)
  const count = Math.floor((Date.parse(`${to}:00Z`) - first) / stepMs) + 1
  return Array.from({ length: Math.max(count, 0) }, (_, n) =>
    new Date(first + n * stepMs).toISOString().slice(0, length),
  )
}

/** Module constants, because creating a formatter is slow. */
const TITLE = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})
const LABEL = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** `25 Nov`, `14:00`. Midnight shows the day. */
export function slotLabel(slot: string): string {
  const hour = slot.slice(11)
  return hour && hour !== '00' ? `${hour}:00` : dayLabel(slot.slice(0, 10))
}

/** `Wed 25 Nov 2026, 14:00–15:00` */
export function slotTitle(slot: string): string {
  const day = TITLE.format(new Date(slot.slice(0, 10)))
  const hour = Number(slot.slice(11))
  return slot.length > 10 ? `${day}, ${pad(hour)}:00–${pad(hour + 1)}:00` : day
}

function dayLabel(day: string): string {
  return LABEL.format(new Date(day))
}

function pad(hour: number): string {
  return String(hour).padStart(2, '0')
}
