import { CreateBucketCommand, DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { configurationFile } from '@darkroom/app-configuration/testing'
import { type Bucket, getTablesMaintained, putTablesMaintained } from '@darkroom/bucket'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Status, startStandInAthena } from '../testing/stand-in-athena.ts'

const name = 'darkroom-test'
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const NOW = Date.parse('2026-11-29T03:01:00.000Z')
const YESTERDAYS = '2026-11-28T02:59:00.000Z'

let watermark: string | undefined
let days: string[]
/** What becomes of statements that begin so; others succeed. */
let statuses: Record<string, Status>
const athena = await startStandInAthena(
  (statement) => {
    if (statement.startsWith('SELECT sequence ')) return watermark ? [[watermark]] : []
    return days.map((day) => [day])
  },
  (statement) =>
    Object.entries(statuses).find(([start]) => statement.startsWith(start))?.[1] ?? { State: 'SUCCEEDED' },
)
const { statements } = athena
const aws = await startLocalAws()
let s3: S3Client
let bucket: Bucket
let maintainTables: typeof import('./maintain-tables.ts').maintainTables
beforeAll(async () => {
  Object.assign(process.env, awsEnvironment(aws.endpoint), {
    BUCKET: name,
    STAGE: 'test',
    SNAPSHOT_RETENTION_DAYS: '2',
    QUEUE_URL: 'http://127.0.0.1/darkroom-test-images',
    AWS_ENDPOINT_URL_ATHENA: athena.endpoint,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    APPS_FILE: configurationFile({ apps: { shop: { retentionDays: { metadata: 400 } } } }),
  })
  s3 = new S3Client({})
  bucket = { s3, name }
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  maintainTables = (await import('./maintain-tables.ts')).maintainTables
})
afterAll(async () => {
  athena.stop()
  s3.destroy()
  await aws.stop()
})
beforeEach(async () => {
  statements.length = 0
  watermark = '2026-11-29T02:58:00.000Z'
  days = ['2026-11-27', '2026-11-28']
  statuses = {}
  await putTablesMaintained(bucket, { date: '2026-11-28', mergedUntil: YESTERDAYS, left: [] })
})

/** One call after the other, five minutes apart, until there is nothing left. */
async function maintainAll(from = NOW): Promise<void> {
  for (let calls = 0; calls < 200; calls++) {
    await maintainTables(from + calls * 5 * MINUTE_MS)
    if ((await getTablesMaintained(bucket))?.left.length === 0) return
  }
}

const beginningWith = (start: string) => statements.filter((statement) => statement.startsWith(start))
const dates = (statement = '') => [...statement.matchAll(/DATE '(.*?)'/g)].map(([, date]) => date)

test('the days of the merges since the last time are rewritten, and those whose rows expired', async () => {
  await maintainAll()
  const [query] = beginningWith('SELECT DISTINCT dt')
  expect(query).toContain(YESTERDAYS)
  const [rewrite, ...others] = beginningWith('OPTIMIZE images ')
  expect(others).toEqual([])
  // 730 days and one before the 28th and the 29th, and for the app shop 400.
  const expired = ['2024-11-27', '2024-11-28', '2025-10-23', '2025-10-24']
  expect(dates(rewrite)).toEqual(['1970-01-01', ...expired, '2026-11-27', '2026-11-28'])
  expect(statements.slice(-2)).toEqual(['VACUUM images', 'VACUUM look_alikes'])
  expect(await getTablesMaintained(bucket)).toEqual({ date: '2026-11-29', mergedUntil: watermark, left: [] })
})

test('what the statements go by is set before', async () => {
  await maintainTables(NOW)
  expect(statements.slice(0, 2)).toEqual(
    ['images', 'look_alikes'].map(
      (table) => `ALTER TABLE ${table} SET TBLPROPERTIES ('optimize_rewrite_data_file_threshold' = '1', \
'optimize_rewrite_delete_file_threshold' = '1', 'vacuum_max_snapshot_age_seconds' = '172800', \
'vacuum_min_snapshots_to_keep' = '1')`,
    ),
  )
})

test('all days of look-alikes that are kept are rewritten, each in a statement of fewer than 100 days', async () => {
  await maintainAll()
  const rewrites = beginningWith('OPTIMIZE look_alikes ').map(dates)
  expect(rewrites.every(({ length }) => length < 100)).toBe(true)
  expect(new Set(rewrites.flat()).size).toBe(rewrites.flat().length)
  expect([rewrites[0]?.[0], rewrites.at(-1)?.at(-1)]).toEqual(['2024-11-27', '2026-11-30'])
  expect(rewrites.flat().length).toBe(734)
})

test('many days of images are rewritten in statements of ten', async () => {
  days = Array.from({ length: 25 }, (_, n) => new Date(NOW - n * DAY_MS).toISOString().slice(0, 10))
  await maintainAll()
  expect(beginningWith('OPTIMIZE images ').map((statement) => dates(statement).length)).toEqual([10, 10, 10])
})

test('without merges no row is read; expired rows and old snapshots are deleted all the same', async () => {
  watermark = YESTERDAYS
  await maintainAll()
  expect(beginningWith('SELECT DISTINCT dt')).toEqual([])
  const expired = ['2024-11-27', '2024-11-28', '2025-10-23', '2025-10-24']
  expect(beginningWith('OPTIMIZE ').map(dates)).toEqual([expired, expired])
  expect(beginningWith('VACUUM ').length).toBe(2)
})

test('the first maintenance asks for all days', async () => {
  await s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'reconciled/tables' }))
  await maintainAll()
  expect(beginningWith('SELECT DISTINCT dt')).toEqual([
    "SELECT DISTINCT dt FROM images WHERE dt > DATE '1970-01-01' ORDER BY 1",
  ])
})

test('it begins when the expired rows are deleted, once a day', async () => {
  await maintainTables(NOW - 2 * MINUTE_MS)
  expect(statements).toEqual([])
  await maintainAll()
  statements.length = 0
  await maintainTables(NOW + 20 * 60 * MINUTE_MS)
  expect(statements).toEqual([])
})

test('nothing is started while a statement runs', async () => {
  statuses = { 'OPTIMIZE images ': { State: 'RUNNING' } }
  for (let calls = 0; calls < 3; calls++) await maintainTables(NOW)
  expect(beginningWith('OPTIMIZE ').length).toBe(1)
  statuses = {}
  await maintainTables(NOW)
  expect(beginningWith('OPTIMIZE ').length).toBe(2)
})

test.each([
  ['OPTIMIZE images ', 'ICEBERG_OPTIMIZE_MORE_RUNS_NEEDED: rewrote a part of the files'],
  ['VACUUM images', 'ICEBERG_VACUUM_MORE_RUNS_NEEDED: Removed 20000 files in this round of vacuum'],
])('%s is repeated as long as Athena asks for it', async (start, StateChangeReason) => {
  statuses = { [start]: { State: 'FAILED', StateChangeReason } }
  const { length } = beginningWith(start)
  for (let calls = 0; calls < 20; calls++) await maintainTables(NOW)
  const repeated = beginningWith(start).length
  expect(repeated - length).toBeGreaterThan(5)
  statuses = {}
  await maintainAll()
  expect(beginningWith(start).length).toBe(repeated)
})

test('a statement that failed is reported, and started again', async () => {
  const StateChangeReason = 'ICEBERG_COMMIT_ERROR: Failed to commit'
  statuses = { 'OPTIMIZE images ': { State: 'FAILED', StateChangeReason } }
  await maintainTables(NOW)
  await expect(maintainTables(NOW)).rejects.toThrow(StateChangeReason)
  expect(beginningWith('OPTIMIZE images ').length).toBe(2)
  statuses = {}
  await maintainAll()
  expect(await getTablesMaintained(bucket)).toMatchObject({ date: '2026-11-29', left: [] })
})

test('one that is not finished after a day is reported and goes on; the next one has the days since it began', async () => {
  await maintainTables(NOW)
  watermark = '2026-11-30T03:00:00.000Z'
  await expect(maintainTables(NOW + DAY_MS)).rejects.toThrow('2026-11-29 is not finished after a day')
  for (let calls = 0; calls < 20; calls++) await maintainTables(NOW + DAY_MS).catch(() => {})
  expect(beginningWith('SELECT DISTINCT dt').at(-1)).toContain('2026-11-29T02:58:00.000Z')
})
