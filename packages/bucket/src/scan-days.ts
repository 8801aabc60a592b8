import { dateOf, storedPrefix } from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { type AppDay, LISTED, type Listed, listApps } from './listings.ts'
import { listPage } from './objects.ts'

/** S3 returns at most this many keys per request. */
const MAX_KEYS = 1_000
/** Sorts after every date and id. */
const LAST = '~'

/** A day of an app that has originals or documents. */
export interface ScannedDay extends AppDay {
  /** How many; undefined if a request cannot list them all. */
  images: number | undefined
}

/** Keys after one and up to another. */
interface KeyRange {
  after?: string | undefined
  until?: string | undefined
}

/** Sorts after everything of an app, or of its day. */
export function endOf(kind: Listed, { app, date }: Pick<AppDay, 'app'> & Partial<AppDay>): string {
  return (date === undefined ? storedPrefix(kind, app) : LISTED[kind].prefixOf(app, date)) + LAST
}

/** Divides all apps into so many ranges, to be scanned side by side. */
export async function divideApps(bucket: Bucket, kind: Listed, parts: number): Promise<KeyRange[]> {
  const apps = await listApps(bucket, kind)
  const ends = Array.from(
    { length: parts - 1 },
    (_, n) => apps[Math.ceil(((n + 1) * apps.length) / parts) - 1],
  )
  const bounds = [...new Set(ends)].flatMap((app) => (app === undefined ? [] : [endOf(kind, { app })]))
  return [...bounds, undefined].map((until, n) => ({ after: bounds[n - 1], until }))
}

/**
 * The wanted days of apps that have originals or documents, in the order of their keys. One listing goes through all apps: it
 * passes what apps with few objects have, and skips what is not wanted of others. So a thousand small apps cost one request, and
 * a large one costs a request for each of its wanted days.
 *
 * @param wantedFrom the first wanted date from this one on
 */
export async function* scanDays(
  bucket: Bucket,
  kind: Listed,
  wantedFrom: (date: string) => string | undefined,
  { after, until }: KeyRange = {},
): AsyncGenerator<ScannedDay> {
  const { prefixOf } = LISTED[kind]
  let from = after
  for (;;) {
    const { objects, hasMore } = await listPage(bucket, storedPrefix(kind), { after: from, limit: MAX_KEYS })
    const keys = objects.map(({ key }) => key).filter((key) => until === undefined || key <= until)
    const isLast = !hasMore || keys.length < objects.length
    const days = countByDay(kind, keys)
    const last = isLast ? undefined : days.pop()
    yield* days.filter(({ date }) => wantedFrom(date) === date)
    if (isLast) return
    if (!last) {
      from = keys.at(-1)
      continue
    }
    const { app, date } = last
    const next = wantedFrom(date)
    if (next === undefined) from = endOf(kind, { app })
    else if (next !== date || days.length > 0) from = prefixOf(app, next)
    else {
      yield { app, date, images: undefined }
      from = endOf(kind, last)
    }
  }
}

function countByDay(kind: Listed, keys: string[]): (AppDay & { images: number })[] {
  const { parse, prefixOf } = LISTED[kind]
  const days: (AppDay & { images: number; prefix: string })[] = []
  for (const key of keys) {
    const day = days.at(-1)
    if (day && key.startsWith(day.prefix)) {
      if (parse(key)) day.images++
      continue
    }
    const image = parse(key)
    if (!image) continue
    const date = dateOf(image.imageId)
    days.push({ app: image.app, date, images: 1, prefix: prefixOf(image.app, date) })
  }
  return days.map(({ app, date, images }) => ({ app, date, images }))
}
