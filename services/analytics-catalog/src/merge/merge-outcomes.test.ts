import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { putCollected, putTablesMaintained } from '@darkroom/bucket'
import { OUTCOMES } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { readEmbedded } from '../testing/read-embedded.ts'
import { startStandInAthena } from '../testing/stand-in-athena.ts'

const name = 'darkroom-test'
const NOW = Date.parse('2026-11-29T10:17:00.000Z')

const athena = await startStandInAthena((statement) =>
  statement.startsWith('SELECT DISTINCT dt') ? [['2026-11-29']] : [],
)
const { statements, executions } = athena

let merge: typeof import('./merge-outcomes.ts').handler
const aws = await startLocalAws()
let s3: S3Client
beforeAll(async () => {
  Object.assign(process.env, awsEnvironment(aws.endpoint), { BUCKET: name, STAGE: 'eu-prod' })
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
  process.env.AWS_ENDPOINT_URL_ATHENA = athena.endpoint
  process.env.QUEUE_URL = 'http://127.0.0.1/darkroom-eu-prod-images'
  s3 = new S3Client({})
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  merge = (await import('./merge-outcomes.ts')).handler
})
afterAll(async () => {
  athena.stop()
  s3.destroy()
  await aws.stop()
})
beforeEach(() => {
  statements.length = 0
  executions.length = 0
  jest.spyOn(Date, 'now').mockReturnValue(NOW)
  return maintained('2026-11-29')
})
afterEach(() => {
  jest.restoreAllMocks()
})

const maintained = (date: string) => putTablesMaintained({ s3, name }, { date, left: [] })
const collect = (minutesAgo: number) => {
  const time = new Date(NOW - minutesAgo * 60_000).toISOString()
  return putCollected({ s3, name }, { kind: OUTCOMES, time, file: '00000000' }, ['{}\n'])
}

test('without files Athena is asked nothing; an older file is merged by the first call of an hour', async () => {
  const { metrics } = await readEmbedded(merge)
  expect(metrics).toMatchObject({ MergeLag: 0, service: 'analytics-catalog', stage: 'eu-prod' })
  const atFullHour = () => jest.spyOn(Date, 'now').mockReturnValue(NOW - 15 * 60_000)
  atFullHour()
  await readEmbedded(merge)
  expect(statements).toEqual([])
  jest.spyOn(Date, 'now').mockReturnValue(NOW)
  await collect(90)
  await readEmbedded(merge)
  expect(statements).toEqual([])
  atFullHour()
  await readEmbedded(merge)
  expect(statements.at(-1)).toMatch(/^MERGE INTO images /)
})

test('new files are merged, and how far behind the merge is becomes a metric', async () => {
  await collect(3)
  const { metrics } = await readEmbedded(merge)
  expect(statements.map((sql) => sql.slice(0, 12))).toEqual(['SELECT seque', 'SELECT DISTI', 'MERGE INTO i'])
  expect(statements.at(-1)).toContain(`hour IN ('2026-11-29T08', '2026-11-29T09', '2026-11-29T10')`)
  expect(metrics).toMatchObject({ MergeLag: 0 })
})

test.each([
  ['RUNNING', 'MERGE INTO images AS image'],
  ['QUEUED', 'MERGE INTO images AS image'],
  ['RUNNING', 'OPTIMIZE images REWRITE DATA'],
])('while there is a %s %s, nothing else writes', async (State, Query) => {
  executions.push({ Query, Status: { State: 'SUCCEEDED' } }, { Query, Status: { State } })
  await maintained('2026-11-28')
  const { metrics } = await readEmbedded(merge)
  expect(statements).toEqual([])
  expect(metrics).toEqual({})
})

test('a search for look-alikes that runs does not stop it', async () => {
  executions.push({ Query: 'MERGE INTO look_alikes AS known', Status: { State: 'RUNNING' } })
  await readEmbedded(merge)
  expect(statements.at(-1)).toMatch(/^MERGE INTO images /)
})

test('after the merge, the maintenance of the day begins, also without files', async () => {
  await maintained('2026-11-28')
  await readEmbedded(merge)
  const merged = statements.findIndex((sql) => sql.startsWith('MERGE INTO images '))
  const begun = statements.findIndex((sql) => sql.startsWith('OPTIMIZE images '))
  expect(merged).toBeGreaterThan(-1)
  expect(begun).toBeGreaterThan(merged)
})
