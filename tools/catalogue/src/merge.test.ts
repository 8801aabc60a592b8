import { CreateBucketCommand } from '@aws-sdk/client-s3'
import {
  baseViews,
  expireStatement,
  mergeCollected,
  mergeLookAlikesStatement,
  readQueries,
  WATERMARK_QUERY,
} from '@darkroom/analytics'
import { openBucket } from '@darkroom/bucket'
import { type MetadataDocument, newImageId, OUTCOMES } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ATHENA_SESSION } from './athena-functions.ts'
import { createTables } from './create-tables.ts'
import { insertCollected } from './insert-documents.ts'
import { readCollectedLines } from './read-collected.ts'
import { collectEvents, eventOf } from './testing/collect-documents.ts'
import { failedDocument, processedDocument, receiptOf } from './testing/documents.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const MINUTE_MS = 60_000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS)

const aws = await startLocalAws()
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
let buckets = 0
let bucket: ReturnType<typeof openBucket>
let instance: DuckDBInstance
let connection: DuckDBConnection
let files: Set<string>
/** Each statement that changes `images`. */
let merges: string[]

afterAll(() => aws.stop())
beforeEach(async () => {
  buckets += 1
  bucket = openBucket(`collected-${buckets}`, { endpoint: aws.endpoint, region: 'us-east-1', credentials })
  await bucket.s3.send(new CreateBucketCommand({ Bucket: bucket.name }))
  instance = await DuckDBInstance.create(':memory:')
  connection = await instance.connect()
  for (const statement of [ATHENA_SESSION, ...createTables()]) await connection.run(statement)
  files = new Set()
  merges = []
})
afterEach(() => {
  connection.closeSync()
  instance.closeSync()
  bucket.s3.destroy()
})

const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson()

const catalogue = {
  async query(sql: string) {
    if (sql.startsWith('MERGE')) merges.push(sql)
    const reader = await connection.runAndReadAll(sql)
    return { columns: reader.columnNames(), rows: reader.getRowsJson() as unknown[][] }
  },
}

/** Writes a file, which Athena's table has at once. */
async function collect(events: object[], time = new Date()): Promise<void> {
  await collectEvents(bucket, events, time.toISOString())
  await insertCollected(connection, readCollectedLines(bucket.s3, bucket.name, OUTCOMES, files))
}
const collectDocuments = (...documents: MetadataDocument[]) => collect(documents.map(eventOf))
const merge = async (more = {}) => mergeCollected(catalogue, bucket, { now: Date.now(), ...more })

const now = () => rows('SELECT * FROM images_now ORDER BY image_id')
/** Rows of images, with what is left of erased ones. */
const table = () => rows(`SELECT * FROM images WHERE dt > DATE '1970-01-01' ORDER BY image_id`)
const watermark = async () => (await rows(WATERMARK_QUERY))[0]?.sequence

test('a row has the values of its document, with typed times and maps as JSON, before and after the merge', async () => {
  const document = processedDocument({
    attributes: { album: "Fred's" },
    accepted_at: '2026-11-25T10:00:00.123Z',
  })
  await collectDocuments(document)
  const before = await now()
  expect(before).toMatchObject([
    {
      image_id: document.image_id,
      accepted_at: '2026-11-25 10:00:00.123',
      attributes: '{"album":"Fred\'s"}',
      bytes: String(document.bytes),
      perceptual_hash: document.perceptual_hash,
      had_location: true,
      failure_type: null,
    },
  ])
  expect(await table()).toEqual([])
  await merge()
  expect(await now()).toEqual(before)
  expect(await table()).toMatchObject([{ image_id: document.image_id, status: 'processed' }])
})

test('the same files, merged again, change nothing', async () => {
  await collectDocuments(processedDocument(), processedDocument({ app: 'web-app-2' }), failedDocument())
  await merge()
  const before = await table()
  expect(before).toHaveLength(3)
  await merge()
  expect(await table()).toEqual(before)
})

test('the event with the greatest sequence counts, in whatever order they are collected and merged', async () => {
  const failed = failedDocument()
  const earlier = eventOf(failed)
  const later = eventOf(processedDocument({ image_id: failed.image_id }))
  await collect([later, later])
  await merge()
  await collect([earlier])
  expect(await now()).toMatchObject([{ status: 'processed', failure_type: null }])
  await merge()
  expect(await now()).toMatchObject([{ status: 'processed', failure_type: null }])
})

test('an event that cannot be read does not hold up the others of its file', async () => {
  const document = processedDocument()
  await collect([{ type: 'image.processed.v1', sequence: 'A' }, eventOf(document)])
  await connection.run(
    `INSERT INTO collected_outcomes (collected_at, hour, dt) SELECT collected_at, hour, dt FROM collected_outcomes`,
  )
  await merge()
  expect(await now()).toMatchObject([{ image_id: document.image_id }])
})

test('any events in any files, merged at any time, show the newest document of each image', async () => {
  const ids = [1, 2].map((day) => newImageId(daysAgo(day)))
  // Clients choose ids, so two apps can have the same one.
  const images = ids.flatMap((image_id) => ['web-app-1', 'web-app-2'].map((app) => ({ app, image_id })))
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        image: fc.nat({ max: 3 }),
        status: fc.constantFrom('processed', 'failed', 'erased'),
      }),
    },
    { weight: 1, arbitrary: fc.constant('merge' as const) },
  )
  const sent = fc.record({
    delays: fc.array(fc.nat({ max: 5 }), { minLength: 12, maxLength: 12 }),
    steps: fc.array(step, { maxLength: 12 }),
  })
  let time = Date.now() - DAY_MS
  await fc.assert(
    fc.asyncProperty(sent, async ({ delays, steps }) => {
      await connection.run('DELETE FROM images; DELETE FROM collected_outcomes')
      time += 60 * MINUTE_MS
      const expected = new Map<string, string>()
      const waiting = steps.map((one, n) => {
        if (one === 'merge') return { at: n, run: () => merge({ now: time, maxFiles: 2 }) }
        const { app = '', image_id = '' } = images[one.image] ?? {}
        const wasErased = expected.get(app + image_id) === 'erased'
        const status = wasErased ? 'erased' : one.status
        expected.set(app + image_id, status)
        const document = { processed: processedDocument, failed: failedDocument }[status as 'failed']
        const event = eventOf(document ? document({ app, image_id }) : receiptOf({ app, image_id }))
        const run = () => {
          time += 30_000
          return collect([event], new Date(time))
        }
        return { at: n + (delays[n] ?? 0), run }
      })
      for (const { run } of waiting.toSorted((one, other) => one.at - other.at)) await run()
      const visible = [...expected].filter(([, status]) => status !== 'erased')
      const found = async () =>
        Object.fromEntries((await now()).map(({ app, image_id, status }) => [`${app}${image_id}`, status]))
      expect(await found()).toEqual(Object.fromEntries(visible))
      await merge({ now: time + 10 * MINUTE_MS })
      expect(await found()).toEqual(Object.fromEntries(visible))
      await connection.run('DELETE FROM collected_outcomes')
      expect(await found()).toEqual(Object.fromEntries(visible))
    }),
    { numRuns: 10 },
  )
})

describe('the watermark', () => {
  test('follows the files, but not into the last minutes, where one can still appear', async () => {
    const start = Date.now()
    await collect([eventOf(processedDocument())], new Date(start - 10 * MINUTE_MS))
    await merge({ now: start })
    expect(await watermark()).toBe(new Date(start - 10 * MINUTE_MS).toISOString())
    await collect([eventOf(processedDocument())], new Date(start))
    await merge({ now: start })
    expect(await watermark()).toBe(new Date(start - 2 * MINUTE_MS).toISOString())
    const late = processedDocument()
    await collect([eventOf(late)], new Date(start - MINUTE_MS))
    expect((await now()).map(({ image_id }) => image_id)).toContain(late.image_id)
    await merge({ now: start + 5 * MINUTE_MS })
    expect((await table()).map(({ image_id }) => image_id)).toContain(late.image_id)
    expect(await watermark()).toBe(new Date(start).toISOString())
  })

  test('is not written if the statement fails, and the next call merges the same files', async () => {
    await collect([eventOf(processedDocument())], new Date(Date.now() - 10 * MINUTE_MS))
    const failing = {
      query: async (sql: string) => {
        if (sql.startsWith('MERGE')) throw new Error('ICEBERG_COMMIT_ERROR')
        return catalogue.query(sql)
      },
    }
    await expect(mergeCollected(failing, bucket, { now: Date.now() })).rejects.toThrow('ICEBERG_COMMIT_ERROR')
    expect(await watermark()).toBeUndefined()
    await merge()
    expect(await table()).toHaveLength(1)
  })

  test('goes on with erasures alone, and with events that are older than their rows', async () => {
    const image = processedDocument()
    const [old, receipt] = [eventOf(image), eventOf(receiptOf(image))]
    for (const [minutes, event] of [
      [50, receipt],
      [40, old],
      [30, old],
    ] as const) {
      const time = new Date(Date.now() - minutes * MINUTE_MS)
      await collect([event], time)
      await merge()
      expect(await watermark()).toBe(time.toISOString())
      expect(await now()).toEqual([])
    }
  })

  test('is of no image: it is in no view, and never expires', async () => {
    await collectDocuments(processedDocument({ image_id: newImageId(daysAgo(900)) }))
    await merge({ now: Date.now() + 10 * MINUTE_MS })
    await connection.run(expireStatement('images', 730, { 'web-app-1': 10 }))
    expect(await watermark()).toBeDefined()
    expect(await table()).toEqual([])
    for (const { name } of [...baseViews(), ...readQueries()])
      expect([name, JSON.stringify(await rows(`SELECT * FROM ${name}`))]).toEqual([
        name,
        expect.not.stringContaining('1970'),
      ])
  })
})

describe('the limits of a statement', () => {
  test('files: no statement reads more than allowed, and none is left out', async () => {
    const start = Date.now() - 60 * MINUTE_MS
    for (let n = 0; n < 7; n++) await collect([eventOf(processedDocument())], new Date(start + n * 1000))
    const { files: read, statements, lagMs } = await merge({ maxFiles: 3 })
    expect({ read, statements, lagMs }).toEqual({ read: 7, statements: 3, lagMs: 0 })
    expect(await table()).toHaveLength(7)
  })

  test('time: what is left when the function has to end is reported, and merged by the next call', async () => {
    const start = Date.now() - 60 * MINUTE_MS
    for (let n = 0; n < 3; n++) await collect([eventOf(processedDocument())], new Date(start + n * 1000))
    const now = Date.now()
    const { lagMs } = await merge({ now, maxFiles: 1, deadline: 0 })
    expect(lagMs).toBe(now - start)
    expect(await table()).toEqual([])
    await merge({ maxFiles: 1 })
    expect(await table()).toHaveLength(3)
  })

  test('partitions: events of 130 days need three statements, each of at most 50 days and the watermark', async () => {
    const documents = Array.from({ length: 130 }, (_, day) =>
      processedDocument({ image_id: newImageId(daysAgo(day)) }),
    )
    await collect(documents.map(eventOf), new Date(Date.now() - 10 * MINUTE_MS))
    await merge()
    expect(merges).toHaveLength(3)
    for (const sql of merges) {
      const [, days = ''] = /image\.dt IN \(([^)]*)\)/.exec(sql) ?? []
      expect(days.split(',').length).toBeLessThanOrEqual(51)
    }
    expect(merges.map((sql) => sql.includes("'watermark' AS status")).indexOf(true)).toBe(2)
    expect(await table()).toHaveLength(130)
  })
})

describe('an erased image', () => {
  const of = (perceptual_hash: string) => processedDocument({ app: 'web-app-2', perceptual_hash })
  const erased = { ...of('ffffffffffffffff'), attributes: { note: 'Low tide' } }
  const alike = of('fffffffffffffffe')
  // The funnel counts erased images, without anything of them.
  const queries = readQueries().filter(({ name }) => name !== 'funnel')
  const results = () =>
    Promise.all(queries.map(async ({ name }) => [name, await rows(`SELECT * FROM ${name}`)] as const))

  test('is in no view as soon as its receipt is collected, and nothing of it is in the table after the merge', async () => {
    await collectDocuments(alike)
    await merge()
    const without = await results()
    await collectDocuments(erased)
    await merge()
    await connection.run(mergeLookAlikesStatement(3))
    const changed = (await results()).filter(
      ([, result], n) => JSON.stringify(result) !== JSON.stringify(without[n]?.[1]),
    )
    expect(changed.map(([name]) => name)).toEqual(
      queries.flatMap(({ name }) => (name === 'failures' ? [] : name)),
    )
    await collectDocuments(receiptOf(erased))
    expect(await results()).toEqual(without)
    await merge()
    expect(await results()).toEqual(without)
    const [left] = await rows(`SELECT * FROM images WHERE status = 'erased'`)
    const kept = Object.entries(left ?? {}).filter(([, value]) => value !== null)
    expect(kept.map(([name]) => name).toSorted()).toEqual([
      'accepted_at',
      'app',
      'collected_at',
      'dt',
      'image_id',
      'schema_version',
      'sequence',
      'status',
    ])
  })

  test('does not come back with an earlier event, whenever that is merged', async () => {
    const event = eventOf(erased)
    await collectDocuments(receiptOf(erased))
    await merge()
    await collect([event])
    expect(await now()).toEqual([])
    await merge({ now: Date.now() + 10 * MINUTE_MS })
    expect(await now()).toEqual([])
  })
})

test('rows expire as documents do', async () => {
  await collectDocuments(
    processedDocument({ image_id: newImageId(daysAgo(731)) }),
    processedDocument({ image_id: newImageId(daysAgo(729)) }),
  )
  await merge()
  expect(await table()).toHaveLength(2)
  await connection.run(expireStatement('images', 730, { another: 90 }))
  expect(await table()).toHaveLength(1)
  await connection.run(expireStatement('images', 730, { another: 90, 'web-app-1': 365 }))
  expect(await table()).toHaveLength(0)
})
