import { type ImageId, inputKey, metadataKey, newImageId } from '@darkroom/core'
import { afterAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { divideApps, endOf, type ScannedDay, scanDays } from './scan-days.ts'
import { serveKeys } from './testing/serve-keys.ts'

const { bucket, state, stop } = await serveKeys()
afterAll(stop)

const DATES = ['2026-11-01', '2026-11-02', '2026-11-10', '2026-11-28', '2026-11-29']
const APPS = ['web', 'web-app', 'web-app-1', 'web0', 'z']
const KEYS = { input: inputKey, metadata: metadataKey }

const idsOf = (date: string, count: number): ImageId[] =>
  Array.from({ length: count }, (_, n) => newImageId(new Date(Date.parse(date) + n)))

async function scanned(...args: Parameters<typeof scanDays>): Promise<ScannedDay[]> {
  state.listings = 0
  const days: ScannedDay[] = []
  for await (const day of scanDays(...args)) days.push(day)
  return days
}

const from = (wanted: string[]) => (date: string) => wanted.find((other) => other >= date)

test('each wanted day of each app is found once, with the number of its images or none', async () => {
  const days = fc.dictionary(
    fc.constantFrom(...APPS.flatMap((app) => DATES.map((date) => `${app} ${date}`))),
    fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 300, max: 2_100 })),
    { maxKeys: 12 },
  )
  const kinds = fc.constantFrom('input' as const, 'metadata' as const)
  await fc.assert(
    fc.asyncProperty(days, fc.subarray(DATES), kinds, fc.nat(), async (stored, wanted, kind, place) => {
      const notes = APPS.flatMap((app) => [
        `input/${app}/2026-11-10/notes.txt`,
        `metadata/app=${app}/notes.txt`,
      ])
      const keys = Object.entries(stored).flatMap(([day, count]) => {
        const [app = '', date = ''] = day.split(' ')
        return idsOf(date, count).map((imageId) => KEYS[kind]({ app, imageId }))
      })
      state.keys = [...keys, ...notes].sort()
      const found = await scanned(bucket, kind, from(wanted))
      const expected = Object.entries(stored).filter(([day]) => wanted.includes(day.split(' ')[1] ?? ''))
      expect(found.map(({ app, date }) => `${app} ${date}`).toSorted()).toEqual(
        expected.map(([day]) => day).toSorted(),
      )
      for (const { app, date, images } of found)
        if (images !== undefined) expect(images).toBe(stored[`${app} ${date}`])
      // A day without a number has more images than a request lists, but for the notes beside them.
      for (const { app, date } of found.filter(({ images }) => images === undefined))
        expect(stored[`${app} ${date}`]).toBeGreaterThan(990)

      const last = found[place % Math.max(found.length, 1)]
      const after = last && endOf(kind, last)
      if (last)
        expect(await scanned(bucket, kind, from(wanted), { after })).toEqual(
          found.slice(found.indexOf(last) + 1),
        )
      const parts: ScannedDay[] = []
      for (const range of await divideApps(bucket, kind, 1 + (place % 7)))
        parts.push(...(await scanned(bucket, kind, from(wanted), range)))
      expect(parts.map(({ app, date }) => ({ app, date }))).toEqual(
        found.map(({ app, date }) => ({ app, date })),
      )
    }),
    { numRuns: 15 },
  )
})

test('a thousand apps with an image each are one request, a large app is one for each wanted day', async () => {
  const small = Array.from({ length: 999 }, (_, n) => inputKey({ app: `app-${n}`, imageId: newImageId() }))
  state.keys = small.sort()
  expect(await scanned(bucket, 'input', from(['2026-11-28']))).toEqual([])
  expect(state.listings).toBe(1)
  state.keys = DATES.flatMap((date) =>
    idsOf(date, 3_000).map((imageId) => inputKey({ app: 'large', imageId })),
  )
  const wanted = DATES.slice(-2)
  expect(await scanned(bucket, 'input', from(wanted))).toEqual(
    wanted.map((date) => ({ app: 'large', date, images: undefined })),
  )
  expect(state.listings).toBe(4)
})
