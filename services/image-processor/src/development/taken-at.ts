/** A date and time as a file has it, in EXIF's or XMP's format, with what other tags say about it. */
export interface WrittenTime {
  time: string | undefined
  /** Digits after the decimal point of the seconds. */
  fraction?: string | undefined
  /** Offsets from UTC that may belong to it, the best first. */
  offsets?: readonly (string | undefined)[]
}

/** The year of the oldest photograph that still exists. */
const EARLIEST = Date.UTC(1826, 0)
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * The first time that is a date and plausible, as ISO 8601: `2024-05-01T12:34:56.789+02:00`. Without an offset it is the
 * camera's local time.
 */
export function takenAt(written: readonly WrittenTime[], now = Date.now()): string | undefined {
  for (const candidate of written) {
    const time = toIso(candidate, now)
    if (time) return time
  }
  return undefined
}

/**
 * EXIF has `2008:05:30 15:56:01`; programs also write other separators, a `T`, no seconds, one digit, and a fraction or an
 * offset at the end, as in XMP. A clock that was never set gives zeros or blanks.
 */
const TIME =
  /^(\d{4})[:\-/.] ?(\d{1,2})[:\-/.] ?(\d{1,2})[T ] *(\d{1,2})[:.] ?(\d{1,2})(?:[:.] ?(\d{1,2}))?(?:[.,](\d+))? ?(Z|[+-]\d{1,2}:?\d{2})?$/i

function toIso({ time = '', fraction, offsets = [] }: WrittenTime, now: number): string | undefined {
  const found = time.trim().match(TIME)
  if (!found) return undefined
  const [, year, month, day, hour, minute, second = '0', ownFraction, ownOffset] = found
  const [mm, dd, HH, MM, SS] = [month, day, hour, minute, second].map((digits) => digits?.padStart(2, '0'))
  const local = `${year}-${mm}-${dd}T${HH}:${MM}:${SS}`
  if (!isPlausible(local, now)) return undefined
  const offset = [ownOffset, ...offsets].map(toOffset).find((one) => one !== undefined) ?? ''
  return local + toFraction(ownFraction ?? fraction) + offset
}

/** Whether it exists in the calendar, and is between the first photograph and tomorrow. */
function isPlausible(local: string, now: number): boolean {
  const time = new Date(`${local}Z`)
  if (Number.isNaN(time.getTime()) || !time.toISOString().startsWith(local)) return false
  return time.getTime() >= EARLIEST && time.getTime() <= now + DAY_MS
}

/** Microseconds are the most that the catalogue's engines read. */
function toFraction(digits: string | undefined): string {
  const found = digits?.trim().match(/^\d+/)?.[0].slice(0, 6)
  return found ? `.${found}` : ''
}

/** `+02:00`; undefined if no place on Earth has it. `-0000` is UTC, too (RFC 5322, 3.3). */
function toOffset(written: string | undefined): string | undefined {
  const text = written?.trim() ?? ''
  if (/^z$/i.test(text)) return '+00:00'
  const found = text.match(/^([+-])(\d{1,2}):?(\d{2})$/)
  if (!found) return undefined
  const [, sign, hours, minutes] = found
  const total = Number(hours) * 60 + Number(minutes)
  if (Number(minutes) > 59 || total > 14 * 60) return undefined
  return `${total === 0 ? '+' : sign}${hours?.padStart(2, '0')}:${minutes}`
}
