import { ImageList, metadataKey, newImageId, timeOf } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { processedDocument, refusedDocument } from '../testing/documents.ts'
import { openStore } from '../testing/open-store.ts'
import { send } from '../testing/send.ts'

const aws = await startLocalAws()
const store = await openStore(awsEnvironment(aws.endpoint))
const { handler } = await import('./list-images.ts')
afterAll(async () => {
  await store.close()
  await aws.stop()
})

const app = 'web-app-1'
const date = '2026-11-23'
const list = (query: Record<string, string>, of = app) => send(handler, { app: of, query })
const idAt = (time: string) => newImageId(new Date(`${date}T${time}Z`))

/** Sorted by acceptance. */
const ids = ['00:00:00', '00:00:00.001', '03:00', '09:59:59', '10:00', '18:00', '23:59:59.999'].map(idAt)
const [only, both, queued, failed, gone, waiting, last] = ids as [string, ...string[]] & { 6: string }

beforeAll(async () => {
  await store.putDocument(processedDocument({ app, imageId: last as string }))
  await store.putInput({ app, imageId: waiting as string })
  await store.putDocument(processedDocument({ app, imageId: gone as string }))
  await store.putDocument(refusedDocument({ app, imageId: failed as string }))
  await store.putInput({ app, imageId: queued as string })
  await store.putInput({ app, imageId: both as string })
  await store.putDocument(processedDocument({ app, imageId: both as string }))
  await store.putInput({ app, imageId: only })
  await store.putInput({ app, imageId: newImageId(new Date('2026-11-22T23:59:59.999Z')) })
  await store.putInput({ app, imageId: newImageId(new Date('2026-11-24T00:00:00Z')) })
  await store.putInput({ app: 'web-app-2', imageId: idAt('12:00') })
})

const idsOf = (body: ImageList) => body.items.map(({ id }) => id)

describe('the images of a day', () => {
  test('are those of the app and the day, oldest first, each once, whatever their status', async () => {
    const { status, headers, body } = await list({ date })
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    expect(ImageList.parse(body)).toEqual(body)
    expect(idsOf(body)).toEqual(ids)
    expect(body.items.map((item: { status: string }) => item.status)).toEqual([
      'queued',
      'processed',
      'queued',
      'failed',
      'processed',
      'queued',
      'processed',
    ])
    expect(body).not.toHaveProperty('cursor')
  })

  test('come in pages', async () => {
    const pages: string[][] = []
    let cursor: string | undefined
    do {
      const { body } = await list({ date, limit: '3', ...(cursor && { cursor }) })
      pages.push(idsOf(body))
      cursor = body.cursor
    } while (cursor && pages.length < 5)
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
  })

  test('come one per page', async () => {
    const seen: string[] = []
    for (let cursor = ''; seen.length < 20; ) {
      const { body } = await list({ date, limit: '1', ...(cursor && { cursor }) })
      seen.push(...idsOf(body))
      if (!body.cursor) break
      cursor = body.cursor
    }
    expect(seen).toEqual(ids)
  })

  test('end with an empty page if the last one was full', async () => {
    const { body } = await list({ date, limit: '7' })
    expect(idsOf(body)).toEqual(ids)
    expect((await list({ date, limit: '7', cursor: body.cursor })).body).toEqual({ items: [] })
  })

  test('are different for another day and another app', async () => {
    expect(await list({ date: '2026-01-01' })).toMatchObject({ status: 200, body: { items: [] } })
    expect((await list({ date }, 'web-app-2')).body.items).toHaveLength(1)
    expect((await list({ date }, 'web-app')).body).toEqual({ items: [] })
  })

  test('do not include foreign objects in the bucket', async () => {
    await store.put(`input/${app}/2026-06-01/notes.txt`, 'x')
    await store.put(metadataKey({ app, imageId: idAt('01:00') }).replaceAll(date, '2026-06-01'), '{}')
    expect(await list({ date: '2026-06-01' })).toMatchObject({ status: 200, body: { items: [] } })
  })
})

describe('without a date', () => {
  const app = 'newest'
  const daysAgo = [0, 0.001, 3, 33, 63, 93]
  const times = daysAgo.map((days) => new Date(Date.now() - days * 86_400_000))
  const newest = times.map((time) => newImageId(time))

  beforeAll(async () => {
    for (const [index, imageId] of newest.entries()) {
      if (index % 2 === 0) await store.putInput({ app, imageId })
      else await store.putDocument(processedDocument({ app, imageId }))
    }
  })

  test('the images of all days come newest first, in pages, queued ones too', async () => {
    const pages: string[][] = []
    let cursor: string | undefined
    do {
      const { status, body } = await list({ limit: '4', ...(cursor && { cursor }) }, app)
      expect([status, ImageList.parse(body)]).toEqual([200, body])
      pages.push(idsOf(body))
      cursor = body.cursor
    } while (cursor && pages.length < 9)
    expect(pages).toEqual([newest.slice(0, 4), newest.slice(4)])
  })

  test('only those of the app are listed, and only until the end of retention', async () => {
    expect((await list({}, 'nobody')).body).toEqual({ items: [] })
    const { body } = await list({}, 'brief')
    expect(body.items.every((item: { app: string }) => item.app === 'brief')).toBe(true)
    await store.putDocument(processedDocument({ app: 'fleeting', imageId: newest[2] as string }))
    await store.putDocument(processedDocument({ app: 'fleeting', imageId: newest[3] as string }))
    expect(idsOf((await list({}, 'fleeting')).body)).toEqual([newest[2]])
  })
})

describe('after their retention, even if S3 still has them,', () => {
  const app = 'brief' // 90 days, and 7 for originals: testing/open-store.ts
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)
  const dateOf = (time: Date) => time.toISOString().slice(0, 10)

  test('the images of a day are gone', async () => {
    await store.putDocument(processedDocument({ app, imageId: newImageId(daysAgo(92)) }))
    const { status, body } = await list({ date: dateOf(daysAgo(92)) }, app)
    expect([status, body.type]).toEqual([410, 'urn:problem-type:darkroom:expired-by-retention'])
  })

  test('an image whose id has a wrong time is found on the day of that time', async () => {
    for (const day of ['1970-01-01', '9999-12-31']) {
      const image = { app, imageId: newImageId(new Date(`${day}T00:00:00.007Z`)) }
      await store.putDocument({ ...processedDocument(image), accepted_at: new Date().toISOString() })
      const found = await list({ date: day }, app)
      expect([found.status, idsOf(found.body)]).toEqual([200, [image.imageId]])
    }
    // Without a date: one in the future, but not one from before the retention.
    const days = idsOf((await list({}, app)).body).map((id) => timeOf(id).getUTCFullYear())
    expect([days.includes(9999), days.includes(1970)]).toEqual([true, false])
  })

  test('an image that was accepted a day after the time in its id is kept for as long as the others', async () => {
    const image = { app, imageId: newImageId(daysAgo(90.9)) }
    await store.putDocument({ ...processedDocument(image), accepted_at: daysAgo(89.9).toISOString() })
    const day = await list({ date: dateOf(daysAgo(90.9)) }, app)
    expect([day.status, idsOf(day.body)]).toEqual([200, [image.imageId]])
    expect(idsOf((await list({ limit: '100' }, app)).body)).toContain(image.imageId)
  })

  test('an original that was never processed is not in the list', async () => {
    const [day, kept, late] = [daysAgo(8), newImageId(daysAgo(8)), newImageId(daysAgo(8))]
    await store.putDocument(processedDocument({ app, imageId: kept }))
    await store.putInput({ app, imageId: late })
    expect(idsOf((await list({ date: dateOf(day) }, app)).body)).toEqual([kept])
  })
})

describe('a query is refused', () => {
  test.each<[Record<string, string>, string]>([
    [{ date: '' }, 'query.date'],
    [{ date: 'today' }, 'query.date'],
    [{ date: '2026-02-30' }, 'query.date'],
    [{ date: '2026-11-23/../../x' }, 'query.date'],
    [{ date, limit: '0' }, 'query.limit'],
    [{ date, limit: '101' }, 'query.limit'],
    [{ date, limit: '1.5' }, 'query.limit'],
    ...['all', '5.0', '1e1', '+5', '0x10', ' 5', ''].map((limit): [Record<string, string>, string] => [
      { limit },
      'query.limit',
    ]),
    [{ date, cursor: '../x' }, 'query.cursor'],
    [{ cursor: '../x' }, 'query.cursor'],
    [{ limit: '0' }, 'query.limit'],
    [{ date, app: 'web-app-2' }, '"app"'],
  ])('%j, naming the field', async (query, words) => {
    const { status, body } = await list(query)
    expect([status, body.type]).toEqual([400, 'urn:problem-type:darkroom:malformed-request'])
    expect(body.detail).toContain(words)
  })

  test('without a credential first', async () => {
    expect((await send(handler, { query: { date: 'today' } })).status).toBe(401)
  })
})
