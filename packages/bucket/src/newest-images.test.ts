import { firstIdAt, type ImageId, inputKey, metadataKey, newImageId } from '@darkroom/core'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { listNewestImages } from './newest-images.ts'
import { serveKeys } from './testing/serve-keys.ts'

const { bucket, state, stop } = await serveKeys()
afterAll(stop)

const app = 'web-app-1'
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MAX_LISTINGS = 8

/** What is stored for an image: 1 its original, 2 its document, 3 both. */
type Stored = 1 | 2 | 3

/** Replaces the bucket's content. @returns the ids, newest first */
function store(times: number[], storedOf: (index: number) => Stored = () => 3): ImageId[] {
  const ids = times.map((time) => newImageId(new Date(time)))
  const keys = ids.flatMap((imageId, index) => [
    ...(storedOf(index) & 1 ? [inputKey({ app, imageId })] : []),
    ...(storedOf(index) & 2 ? [metadataKey({ app, imageId })] : []),
  ])
  // Neighbours in the order of keys: other apps, and objects that are no images.
  for (const other of ['web-app', 'web-app-10']) {
    keys.push(
      inputKey({ app: other, imageId: newImageId() }),
      metadataKey({ app: other, imageId: newImageId() }),
    )
  }
  keys.push(`input/${app}/2020-01-01/notes.txt`, `input/${app}/notes.txt`)
  state.keys = keys.sort()
  return ids.sort().reverse()
}

interface Walk {
  ids: ImageId[]
  pageSizes: number[]
  /** The most that one page took. */
  listings: number
}

/** Reads pages until the last, or until there are `enough` ids. */
async function walk({ limit = 25, enough = Number.POSITIVE_INFINITY, days = 730 } = {}): Promise<Walk> {
  const walked: Walk = { ids: [], pageSizes: [], listings: 0 }
  const oldest = new Date(Date.now() - days * DAY_MS)
  let from: ImageId | undefined
  do {
    state.listings = 0
    const page = await listNewestImages({ bucket, app, from, oldest, limit })
    walked.ids.push(...page.ids)
    walked.pageSizes.push(page.ids.length)
    walked.listings = Math.max(walked.listings, state.listings)
    if (page.next !== undefined && from !== undefined) expect(page.next < from).toBe(true)
    from = page.next
  } while (from !== undefined && walked.ids.length < enough)
  return walked
}

const times = (count: number, newest: number, spacing: number) =>
  Array.from({ length: count }, (_, index) => newest - index * spacing)

describe('the newest images', () => {
  test('are none of an app that has none', async () => {
    store([])
    expect(await walk()).toEqual({ ids: [], pageSizes: [0], listings: 2 })
  })

  test('are complete, once each and in order, with an original, a document or both', async () => {
    const ids = store(times(60, Date.now(), 7 * HOUR_MS), (index) => ((index % 3) + 1) as Stored)
    const { ids: found, pageSizes, listings } = await walk()
    expect(found).toEqual(ids)
    expect(pageSizes).toEqual([25, 25, 10])
    expect(listings).toBeLessThanOrEqual(MAX_LISTINGS)
  })

  test('of an app with one image a month fill each page', async () => {
    const ids = store(times(24, Date.now() - 20 * DAY_MS, 30 * DAY_MS))
    const { ids: found, pageSizes, listings } = await walk({ limit: 10 })
    expect(found).toEqual(ids)
    expect(pageSizes).toEqual([10, 10, 4])
    expect(listings).toBeLessThanOrEqual(MAX_LISTINGS)
  })

  test('of an app with 100,000 images a day fill each page', async () => {
    const ids = store(times(5_000, Date.now(), DAY_MS / 100_000))
    const { ids: found, pageSizes, listings } = await walk({ enough: 200 })
    expect(found).toEqual(ids.slice(0, 200))
    expect(new Set(pageSizes)).toEqual(new Set([25]))
    expect(listings).toBeLessThanOrEqual(MAX_LISTINGS)
  })

  test('of a burst are found after a pause', async () => {
    const ids = store(times(4_000, Date.now() - 3 * HOUR_MS, 2))
    const { ids: found, listings } = await walk({ enough: 50 })
    expect(found).toEqual(ids.slice(0, found.length))
    expect(found.length).toBeGreaterThanOrEqual(50)
    expect(listings).toBeLessThanOrEqual(MAX_LISTINGS)
  })

  test('include those of the first and the last instant of a day, and of a clock that is ahead', async () => {
    const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS
    const ids = store([
      Date.now() + 4 * 60_000,
      midnight,
      midnight - 1,
      midnight - DAY_MS,
      midnight - DAY_MS - 1,
    ])
    expect((await walk({ limit: 2 })).ids).toEqual(ids)
    state.keys = [midnight, midnight - DAY_MS]
      .map((ms) => inputKey({ app, imageId: firstIdAt(new Date(ms)) }))
      .sort()
    expect((await walk({ limit: 1 })).ids).toHaveLength(2)
  })

  test('end at the end of retention', async () => {
    const ids = store(times(20, Date.now(), 10 * DAY_MS))
    expect((await walk({ days: 95 })).ids.slice(0, 10)).toEqual(ids.slice(0, 10))
    expect((await walk({ days: 95 })).ids.length).toBeLessThanOrEqual(11)
  })

  test('are found after years without any', async () => {
    const ids = store(times(3, Date.now() - 4_000 * DAY_MS, DAY_MS))
    const { ids: found, listings } = await walk({ days: 36_500 })
    expect([found, listings <= MAX_LISTINGS]).toEqual([ids, true])
  })

  test('are complete for any history of bursts and pauses', async () => {
    const burst = fc.record({
      pauseMs: fc.oneof(fc.nat(SECOND_MS), fc.nat(HOUR_MS), fc.nat(40 * DAY_MS)),
      count: fc.oneof(fc.nat(30), fc.nat(1_200)),
      spacingMs: fc.oneof(fc.nat(5), fc.nat(SECOND_MS), fc.nat(HOUR_MS)),
    })
    const histories = fc.array(burst, { minLength: 1, maxLength: 5 })
    const property = fc.asyncProperty(histories, fc.integer({ min: 1, max: 100 }), async (bursts, limit) => {
      let time = Date.now()
      const all: number[] = []
      for (const { pauseMs, count, spacingMs } of bursts) {
        time -= pauseMs
        for (let image = 0; image < count; image++) {
          time -= spacingMs
          all.push(time)
        }
      }
      const kept = all.filter((ms) => ms > Date.now() - 700 * DAY_MS)
      const ids = store(kept, (index) => ((index % 3) + 1) as Stored)
      const enough = limit * 3
      const { ids: found, listings } = await walk({ limit, enough })
      expect(found).toEqual(ids.slice(0, Math.max(found.length, Math.min(enough, ids.length))))
      expect(listings).toBeLessThanOrEqual(MAX_LISTINGS)
    })
    await fc.assert(property, { numRuns: 8 })
  })
})
