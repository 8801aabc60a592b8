import {
  type AppId,
  DatePartition,
  dateOf,
  firstIdAt,
  type ImageId,
  lastIdBefore,
  storedPrefix,
  timeOf,
} from '@darkroom/core'
import type { Bucket } from './bucket.ts'
import { LISTED, type Listed } from './listings.ts'
import { listNames, listPage } from './objects.ts'

// S3 lists keys in ascending order only, so the newest images are found by choosing a start from which a single request
// reaches the end. S3 can also list which days exist (Delimiter=/) and which slots of a day exist (Delimiter=-): ids that
// share their first eight digits are from the same 65.5 seconds.

const DAY_MS = 86_400_000
const SLOT_MS = 65_536
/** S3 returns at most this many keys, days or slots per request. */
const MAX_KEYS = 1_000
/** Days or slots per request. Fewer than S3 returns, because both ends are rounded. */
const MAX_NAMES = MAX_KEYS - 10
/** For one page. */
const MAX_REQUESTS = 8
/** Ids can be ahead of this machine's clock. */
const MAX_AHEAD_MS = 3 * 3_600_000

const KINDS = ['input', 'metadata'] as const satisfies Listed[]

interface Search {
  bucket: Bucket
  app: AppId
  /** The newest id to return: `next` of the page before. */
  from?: ImageId | undefined
  /** Images before this time are ignored. */
  oldest: Date
  /** At most 100. */
  limit: number
}

export interface ImagesPage {
  /** Newest first. */
  ids: ImageId[]
  /** `from` of the next page; undefined if there are no older images. */
  next: ImageId | undefined
}

/** A period that has at least one image, or that was not searched. */
interface Period {
  startMs: number
  endMs: number
}

/**
 * An app's images, newest first, over all days: those with an original, a document or both. It makes at most eight requests
 * to S3, however many images and days there are. A page can be shorter than `limit`, even empty, and still have a `next`.
 *
 * @throws ProblemError `storage-unavailable`
 */
export function listNewestImages(search: Search): Promise<ImagesPage> {
  return search.from === undefined ? listFirstPage(search) : listNextPage(search, search.from)
}

/** Finds the newest slots, then their images: up to 3,000 originals, and the documents of the newest ones. */
async function listFirstPage(search: Search): Promise<ImagesPage> {
  const periods = await findPeriods(search)
  const [newest, second] = periods
  if (!newest) return { ids: [], next: undefined }
  const near = second && second.endMs - second.startMs <= SLOT_MS ? 2 : 1
  const { startMs } = periods[near - 1] ?? newest
  const originals = await listAllOriginals(search, startMs)
  const lastOfPage = originals?.[search.limit]
  const closerMs = lastOfPage ? timeOf(lastOfPage).getTime() : startMs
  const documents = await listFrom(search, ['metadata'], closerMs)
  if (!originals || documents.cutAtMs !== undefined) return { ids: [], next: before(newest.endMs) }
  const closer = firstIdAt(new Date(closerMs))
  const ids = merge([{ ids: originals.filter((id) => id >= closer) }, documents])
  if (ids.length >= search.limit) return toPage(search, { startMs: closerMs, ids })
  return widen(search, ids, near, periods.slice(near))
}

/** Newest first; undefined if there are more than three requests return. */
async function listAllOriginals(search: Search, startMs: number): Promise<ImageId[] | undefined> {
  const parts: { ids: ImageId[] }[] = []
  let nextMs: number | undefined = startMs
  for (let request = 1; nextMs !== undefined && request <= 3; request++) {
    const { ids, cutAtMs } = await listFrom(search, ['input'], nextMs)
    parts.push({ ids })
    nextMs = cutAtMs
  }
  return nextMs === undefined ? merge(parts) : undefined
}

/** A page starts at an image, or at the end of a period that has one, so the nearest slots are tried first. */
async function listNextPage(search: Search, from: ImageId): Promise<ImagesPage> {
  const fromMs = timeOf(from).getTime()
  if (fromMs < search.oldest.getTime()) return { ids: [], next: undefined }
  const startMs = Math.max(0, slotOf(fromMs) - SLOT_MS)
  const range = await listTail(search, { startMs, endMs: fromMs })
  // Not with S3: the last attempt covers a fraction of a second, and 1,000 objects take longer to write.
  if (!range) return { ids: [], next: before(fromMs) }
  if (range.ids.length >= search.limit || range.startMs > startMs) return toPage(search, range)
  return widen(search, range.ids, 2, await findPeriods(search, startMs))
}

interface Range {
  startMs: number
  /** Newest first. */
  ids: ImageId[]
}

/**
 * All images of the end of a period. If one request does not reach the end, starts again closer to it, as close as the rate
 * of images suggests, or halfway if that was too close.
 *
 * @returns undefined if no attempt reached the end
 */
async function listTail(search: Search, { startMs, endMs }: Period): Promise<Range | undefined> {
  let [start, cut] = [startMs, { startMs, endMs: startMs }]
  let empty: Range | undefined
  for (let attempt = 1; attempt <= MAX_REQUESTS / 2; attempt++) {
    const { ids, cutAtMs } = await listFrom(search, KINDS, start)
    if (cutAtMs === undefined && (ids.length > 0 || start === startMs)) return { startMs: start, ids }
    if (cutAtMs === undefined) empty = { startMs: start, ids }
    else cut = { startMs: start, endMs: cutAtMs }
    const spanMs = ((cut.endMs - cut.startMs) * search.limit) / MAX_KEYS
    const closer = empty ? (cut.endMs + empty.startMs) / 2 : endMs - spanMs
    start = Math.max(cut.startMs + 1, Math.floor(closer))
  }
  return empty
}

/** Adds older periods to a page, about as many as its rate of images per period suggests. */
async function widen(
  search: Search,
  ids: ImageId[],
  periodsOfIds: number,
  older: Period[],
): Promise<ImagesPage> {
  const missing = search.limit - ids.length
  const perPeriod = Math.max(1, ids.length / periodsOfIds / 1.5)
  // One more, because one of them may not have been searched.
  const count = Math.min(older.length, Math.ceil(missing / perPeriod) + 1)
  const start = older[count - 1]
  if (!start) return { ids, next: undefined }
  const { ids: more, cutAtMs } = await listFrom(search, KINDS, start.startMs)
  if (cutAtMs !== undefined) return { ids, next: older[0] && before(older[0].endMs) }
  return {
    ids: more.slice(0, search.limit),
    next: more[search.limit] ?? (older[count] && before(older[count].endMs)),
  }
}

function toPage({ limit }: Search, { ids, startMs }: Range): ImagesPage {
  return { ids: ids.slice(0, limit), next: ids[limit] ?? before(startMs) }
}

/** The images from a time to `from`; `cutAtMs` if S3 did not return all of them: the time of the last one that it did. */
async function listFrom(
  { bucket, app, from }: Search,
  kinds: readonly Listed[],
  startMs: number,
): Promise<{ ids: ImageId[]; cutAtMs: number | undefined }> {
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const after = keyAt(kind, app, startMs)
      const prefix = storedPrefix(kind, app)
      const { objects, hasMore } = await listPage(bucket, prefix, { after, limit: MAX_KEYS })
      const ids = objects.flatMap(({ key }) => LISTED[kind].parse(key)?.imageId ?? [])
      const last = ids.at(-1) ?? firstIdAt(new Date(startMs))
      return { ids, cutAtMs: hasMore && !(from && last > from) ? timeOf(last).getTime() : undefined }
    }),
  )
  const cuts = lists.flatMap(({ cutAtMs }) => cutAtMs ?? [])
  const ids = merge(lists).filter((id) => from === undefined || id <= from)
  return { ids, cutAtMs: cuts.length > 0 ? Math.min(...cuts) : undefined }
}

/** Newest first, each once. */
function merge(lists: { ids: ImageId[] }[]): ImageId[] {
  return [...new Set(lists.flatMap(({ ids }) => ids))].sort().reverse()
}

/**
 * The periods before `belowMs` that have images, newest first: the slots of the newest day, then whole days. Two requests for
 * each kind.
 */
async function findPeriods(search: Search, belowMs?: number): Promise<Period[]> {
  const oldestMs = Math.max(0, dayOf(search.oldest.getTime()))
  const latestMs = Math.min(belowMs ?? Number.POSITIVE_INFINITY, Date.now() + MAX_AHEAD_MS)
  const sinceMs = Math.max(oldestMs, dayOf(latestMs) - MAX_NAMES * DAY_MS)
  const days = (await findDays(search, sinceMs))
    .filter((startMs) => startMs >= sinceMs && startMs < (belowMs ?? Number.POSITIVE_INFINITY))
    .map((startMs) => ({ startMs, endMs: Math.min(startMs + DAY_MS, belowMs ?? Number.POSITIVE_INFINITY) }))
  const [newest, ...older] = days
  const searched = newest ? [...(await splitDay(search, newest, latestMs)), ...older] : []
  return sinceMs > oldestMs ? [...searched, { startMs: oldestMs, endMs: sinceMs }] : searched
}

/** Newest first. */
async function findDays({ bucket, app }: Search, sinceMs: number): Promise<number[]> {
  const names = await Promise.all(
    KINDS.map((kind) => {
      const after = LISTED[kind].prefixOf(app, dateAt(sinceMs)).slice(0, -1)
      return listNames(bucket, storedPrefix(kind, app), { delimiter: '/', after })
    }),
  )
  const dates = names.flat().flatMap((name) => DatePartition.safeParse(name.replace(/^dt=/, '')).data ?? [])
  return [...new Set(dates)]
    .sort()
    .reverse()
    .map((date) => Date.parse(date))
}

/** The slots of a day, newest first. A day has 1,319; the ones that do not fit into a request are one period. */
async function splitDay({ bucket, app }: Search, day: Period, latestMs: number): Promise<Period[]> {
  const endMs = latestMs > day.startMs ? Math.min(day.endMs, latestMs) : day.endMs
  const sinceMs = Math.max(day.startMs, slotOf(endMs) - MAX_NAMES * SLOT_MS)
  const names = await Promise.all(
    KINDS.map((kind) => {
      const prefix = LISTED[kind].prefixOf(app, dateAt(day.startMs))
      return listNames(bucket, prefix, { delimiter: '-', after: prefix + digitsOf(sinceMs) })
    }),
  )
  const slots = [...new Set(names.flat().filter((name) => /^[0-9a-f]{8}$/.test(name)))]
    .sort()
    .reverse()
    .map((digits) => Number.parseInt(digits, 16) * SLOT_MS)
    .filter((startMs) => startMs < day.endMs)
    .map((startMs) => ({
      startMs: Math.max(day.startMs, startMs),
      endMs: Math.min(day.endMs, startMs + SLOT_MS),
    }))
  return sinceMs > day.startMs ? [...slots, { startMs: day.startMs, endMs: sinceMs }] : slots
}

/** Sorts directly before the keys of this millisecond. */
function keyAt(kind: Listed, app: AppId, ms: number): string {
  return LISTED[kind].prefixOf(app, dateAt(ms)) + firstIdAt(new Date(ms)).slice(0, 13)
}

const before = (ms: number) => lastIdBefore(new Date(ms))
const dateAt = (ms: number) => dateOf(firstIdAt(new Date(ms)))
const dayOf = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS
const slotOf = (ms: number) => Math.floor(ms / SLOT_MS) * SLOT_MS
const digitsOf = (ms: number) => firstIdAt(new Date(ms)).slice(0, 8)
