import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { readQueries } from '@darkroom/analytics'
import { dateOf, type MetadataDocument, metadataKey, newImageId } from '@darkroom/core'
import { startLocalAws } from '@darkroom/local-aws'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type LocalCatalogue, openCatalogue } from './index.ts'
import { collectEvents, eventOf, refusalOf } from './testing/collect-documents.ts'
import { failedDocument, processedDocument, receiptOf } from './testing/documents.ts'

const aws = await startLocalAws()
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
const s3 = new S3Client({ endpoint: aws.endpoint, region: 'us-east-1', credentials })
const queries = readQueries()
let folder: string
let catalogue: LocalCatalogue

const today = new Date()
const processed = (app: string, perceptual_hash: string) => processedDocument({ app, perceptual_hash })
const failed = (app: string) => failedDocument({ app })
const erased = (app: string) => receiptOf({ app, image_id: newImageId(today) })

async function storeIn(Bucket: string, documents: MetadataDocument[]): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }))
  for (const document of documents) await put(Bucket, document)
}
async function put(Bucket: string, document: MetadataDocument): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket, Key: keyOf(document), Body: `${JSON.stringify(document)}\n` }))
  await collectEvents({ s3, name: Bucket }, [eventOf(document)])
}
function keyOf(document: MetadataDocument): string {
  return metadataKey({ app: document.app, imageId: document.image_id })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'analytics-test-'))
  await storeIn('analysed', [
    processed('web-app-1', 'ffffffffffffffff'),
    processed('web-app-1', 'fffffffffffffff8'),
    processed('web-app-2', 'ffffffffffffffff'),
    failed('web-app-1'),
    erased('web-app-1'),
  ])
  catalogue = await openCatalogue(s3, 'analysed')
})
afterAll(async () => {
  catalogue.close()
  s3.destroy()
  await aws.stop()
  await rm(folder, { recursive: true })
})

async function rowsOf(name: string): Promise<Record<string, unknown>[]> {
  const { columns, rows } = await catalogue.query(queries.find((query) => query.name === name)?.sql ?? '')
  return rows.map((row) => Object.fromEntries(columns.map((column, n) => [column, row[n]])))
}

test('refusals and the funnel count each event once, and tell Kafka records that were never stored from failures', async () => {
  const bucket = { s3, name: 'funnel' }
  const neverStored = { ...failed('web-app-2'), origin: 'kafka' as const, content_type: undefined }
  await storeIn(bucket.name, [
    processed('web-app-1', 'ffffffffffffffff'),
    failed('web-app-1'),
    erased('web-app-1'),
    neverStored as MetadataDocument,
  ])
  const pdf = refusalOf({
    refusals: 3,
    bytes: 700,
    declared_type: 'image/jpeg',
    found_type: 'application/pdf',
  })
  await collectEvents(bucket, [pdf, refusalOf({ app: 'web-app-2', user_agent: 'curl' })])
  await collectEvents(bucket, [pdf])
  const funnelled = await openCatalogue(s3, bucket.name)
  const rows = async (sql: string) => (await funnelled.query(sql)).rows
  expect(
    await rows(
      'SELECT app, refusals, bytes, declared_type, found_type, user_agent, dt = CAST(refused_at AS date) FROM refusals ORDER BY app',
    ),
  ).toEqual([
    ['web-app-1', '3', '700', 'image/jpeg', 'application/pdf', null, true],
    ['web-app-2', '1', null, null, null, 'curl', true],
  ])
  const columns = 'app, origin, attempted, refused, accepted, processed, failed, erased'
  expect(await rows(`SELECT ${columns} FROM funnel ORDER BY app, origin NULLS LAST`)).toEqual([
    ['web-app-1', 'http', ...['5', '3', '2', '1', '1', '0']],
    ['web-app-1', null, ...['1', '0', '1', '0', '0', '1']],
    ['web-app-2', 'http', ...['1', '1', '0', '0', '0', '0']],
    ['web-app-2', 'kafka', ...['1', '1', '0', '0', '0', '0']],
  ])
  const page = await readFile(new URL('../../../docs/analytics.md', import.meta.url), 'utf8')
  const [, reasons = ''] = /```sql\n(SELECT refusal_type[^`]*)```/.exec(page) ?? []
  expect(await rows(reasons)).toEqual([
    ['type-mismatch', 'application/pdf', '3'],
    ['type-mismatch', null, '1'],
  ])
  await collectEvents(bucket, [refusalOf({ app: 'web-app-2', refusals: 5 })])
  await funnelled.refresh()
  expect(await rows("SELECT sum(refusals) FROM refusals WHERE app = 'web-app-2'")).toEqual([['6']])
  funnelled.close()
})

describe('over a few images', () => {
  const dt = dateOf(newImageId(today))

  test('volume counts images that are not erased, by source', async () => {
    expect(await rowsOf('volume')).toMatchObject([
      { dt, app: 'web-app-1', origin: 'http', images: '3', processed: '2', failed: '1' },
      { dt, app: 'web-app-2', origin: 'http', images: '1', processed: '1', failed: '0' },
    ])
  })

  test('failures, times, sizes, formats and cameras', async () => {
    expect(await rowsOf('failures')).toMatchObject([{ failure_type: 'corrupt-image', images: '1' }])
    const [times] = await rowsOf('time_to_ready')
    expect([times?.p50_seconds, times?.p99_seconds].map(Number)).toEqual([2, 2])
    expect(await rowsOf('bytes_saved')).toMatchObject([
      { app: 'web-app-1', bytes_saved: '1500000', percent_saved: 75 },
      { app: 'web-app-2', bytes_saved: '750000' },
    ])
    expect(await rowsOf('formats')).toMatchObject([
      { images: '2', average_kilobytes: 1000, average_megapixels: 3 },
      { images: '1' },
    ])
    expect(await rowsOf('cameras')).toMatchObject([
      { camera_model: 'EOS 450D', images: '3', with_location: '3' },
    ])
  })

  test('look-alikes within one app, by differing bits', async () => {
    expect(await rowsOf('near_duplicates')).toMatchObject([{ app: 'web-app-1', differing_bits: '3' }])
  })

  test('figures for the dashboard: counts and times by hour, look-alikes by day', async () => {
    const accepted_hour = today.toISOString().slice(0, 13)
    expect(await rowsOf('images_by_hour')).toMatchObject([
      { dt, accepted_hour, app: 'web-app-1', status: 'failed', failure_type: 'corrupt-image', images: '1' },
      { dt, accepted_hour, app: 'web-app-1', status: 'processed', images: '2', original_bytes: '2000000' },
      { dt, accepted_hour, app: 'web-app-2', content_type: 'image/jpeg', variants_bytes: '250000' },
    ])
    const times = await rowsOf('time_to_ready_histogram')
    expect(times).toMatchObject([{ app: 'web-app-1', images: '2' }, { images: '1' }])
    for (const { ready_ms } of times) expect(Math.abs(Number(ready_ms) / 2000 - 1)).toBeLessThan(0.05)
    expect(await rowsOf('near_duplicates_by_day')).toEqual([{ dt, app: 'web-app-1', images: '1' }])
  })

  test('storage and cost', async () => {
    expect(await rowsOf('storage_by_age')).toMatchObject([
      { app: 'web-app-1', age: '1: up to a week', images: '3', variants_bytes: '500000' },
      { app: 'web-app-2', images: '1' },
    ])
    const [cost] = await rowsOf('estimated_cost')
    expect(Number(cost?.lambda_dollars)).toBeCloseTo(1.5 * 1.7275 * 0.0133334 + 0.0034, 4)
  })

  test('a wrong statement fails with DuckDB’s message', async () => {
    await expect(catalogue.query('select nothing from image_documents')).rejects.toThrow(
      /nothing.*not found/s,
    )
  })

  test('the exported database has every query as a view, without this package', async () => {
    const [images, documents, database = ''] = await catalogue.exportTo(folder)
    const instance = await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' })
    const connection = await instance.connect()
    for (const { name } of queries) {
      const [[count] = []] = (await connection.runAndReadAll(`SELECT count(*) FROM ${name}`)).getRowsJson()
      expect([name, Number(count)]).toEqual([name, (await rowsOf(name)).length])
    }
    const read = await connection.runAndReadAll(
      `SELECT (SELECT count(*) FROM '${images}'), (SELECT count(*) FROM '${documents}')`,
    )
    expect(read.getRowsJson()).toEqual([['4', '5']])
    connection.closeSync()
    instance.closeSync()
  })
})

test('a refresh reads new, erased and deleted documents, and no others', async () => {
  const [first, second, third] = [processed('a', '0'.repeat(16)), processed('a', 'f'.repeat(16)), failed('a')]
  await storeIn('growing', [first, second])
  const growing = await openCatalogue(s3, 'growing')
  const statuses = async () => {
    const { rows } = await growing.query('SELECT image_id, status FROM image_documents ORDER BY image_id')
    return Object.fromEntries(rows)
  }
  const gets = new Set<string>()
  s3.middlewareStack.add(
    (next, { commandName }) =>
      (step) => {
        const { Key = '' } = step.input as { Key?: string }
        if (commandName === 'GetObjectCommand') gets.add(Key)
        return next(step)
      },
    { step: 'initialize', name: 'gets' },
  )
  await put('growing', { ...erased('a'), image_id: second.image_id })
  await put('growing', third)
  await growing.refresh()
  expect(await statuses()).toEqual({
    [first.image_id]: 'processed',
    [second.image_id]: 'erased',
    [third.image_id]: 'failed',
  })
  // Each with the file of its event.
  expect([...gets].filter((key) => key.startsWith('metadata/'))).toHaveLength(2)
  expect(gets.size).toBe(4)
  expect((await growing.query('SELECT image_id FROM images_now')).rows).toHaveLength(2)
  s3.middlewareStack.remove('gets')
  await s3.send(new DeleteObjectCommand({ Bucket: 'growing', Key: keyOf(first) }))
  await growing.refresh()
  expect(Object.keys(await statuses())).toEqual([second.image_id, third.image_id].toSorted())
  expect((await growing.query('SELECT image_id FROM images_now')).rows).toEqual([[third.image_id]])
  growing.close()
})

test('images of two apps with the same id are two images, also when one is erased and deleted', async () => {
  const mine = processed('a', '0'.repeat(16))
  const theirs = { ...processed('b', 'f'.repeat(16)), image_id: mine.image_id }
  const receipt = { ...erased('b'), image_id: mine.image_id }
  await storeIn('shared-id', [mine, theirs])
  const shared = await openCatalogue(s3, 'shared-id')
  const found = async (table: string) =>
    (await shared.query(`SELECT app, status FROM ${table} ORDER BY app`)).rows
  const both = [
    ['a', 'processed'],
    ['b', 'processed'],
  ]
  expect([await found('image_documents'), await found('images_now')]).toEqual([both, both])
  await put('shared-id', receipt)
  await shared.refresh()
  expect(await found('image_documents')).toEqual([
    ['a', 'processed'],
    ['b', 'erased'],
  ])
  expect(await found('images_now')).toEqual([['a', 'processed']])
  await s3.send(new DeleteObjectCommand({ Bucket: 'shared-id', Key: keyOf(receipt) }))
  await shared.refresh()
  expect(await found('image_documents')).toEqual([['a', 'processed']])
  expect(await found('images_now')).toEqual([['a', 'processed']])
  shared.close()
})

test('every query works without any images', async () => {
  await storeIn('empty', [])
  const empty = await openCatalogue(s3, 'empty')
  for (const { sql } of queries) expect((await empty.query(sql)).rows).toEqual([])
  empty.close()
})
