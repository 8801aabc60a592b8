import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { endOf, getRowsCompared, openBucket, putRowsCompared, type RowsCompared } from '@darkroom/bucket'
import { metadataKey, newImageId, readS3Event } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import pMap from 'p-map'
import { readEmbedded } from '../testing/read-embedded.ts'
import { startStandInAthena } from '../testing/stand-in-athena.ts'

const Bucket = 'darkroom-test'
const DAY_MS = 86_400_000
const TIME = '2026-11-29T05:17:00Z'
const daysAgo = (days: number) => new Date(Date.parse(TIME) - days * DAY_MS)
const dateOf = (days: number) => daysAgo(days).toISOString().slice(0, 10)

const aws = await startLocalAws()
/** The ids of the table's rows, by app and day. */
let rows: Map<string, string[]>
/** Rows that a query counts besides those with an id. */
let more: Map<string, number>
const athena = await startStandInAthena((statement) => {
  const [, app, date, slot = ''] =
    /WHERE app = '(.*?)' AND dt = DATE '(.*?)'(?: AND .* = '(.*?)')?/.exec(statement) ?? []
  const ids = rows.get(`${app} ${date}`) ?? []
  if (statement.includes('AS slot')) {
    const slots = Map.groupBy(ids, (id) => id.slice(0, 8))
    return [...slots].map(([name, { length }]) => [name, String(length)])
  }
  if (app) return ids.filter((id) => id.startsWith(slot)).map((id) => [id])
  const counts = [...rows].map(([day, { length }]) => [day, length + (more.get(day) ?? 0)] as const)
  return counts.map(([day, count]) => [...day.split(' '), String(count)])
})
let s3: S3Client
let sqs: SQSClient
let QueueUrl: string | undefined
let reconcile: typeof import('./reconcile-rows.ts').handler
beforeAll(async () => {
  Object.assign(process.env, awsEnvironment(aws.endpoint), { BUCKET: Bucket, STAGE: 'test' })
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT'
  process.env.AWS_ENDPOINT_URL_ATHENA = athena.endpoint
  s3 = new S3Client({})
  sqs = new SQSClient({})
  await s3.send(new CreateBucketCommand({ Bucket }))
  QueueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'darkroom-test-outcomes' }))).QueueUrl
  process.env.QUEUE_URL = String(QueueUrl).replace(/outcomes$/, 'images')
  reconcile = (await import('./reconcile-rows.ts')).handler
})
afterAll(async () => {
  athena.stop()
  s3.destroy()
  sqs.destroy()
  await aws.stop()
})
beforeEach(async () => {
  rows = new Map()
  more = new Map()
  athena.statements.length = 0
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }))
  await pMap(Contents, ({ Key }) => s3.send(new DeleteObjectCommand({ Bucket, Key })), { concurrency: 10 })
  await putRowsCompared(bucket(), FINISHED)
})
afterEach(() => {
  jest.restoreAllMocks()
})

const bucket = () => openBucket(Bucket)
/** What the day before has left. */
const FINISHED: RowsCompared = { date: dateOf(2), since: dateOf(3), isFinished: true }

async function putDocuments(app: string, count: number, days: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newImageId(daysAgo(days))).toSorted()
  for (const imageId of ids)
    await s3.send(new PutObjectCommand({ Bucket, Key: metadataKey({ app, imageId }), Body: '{}' }))
  rows.set(`${app} ${dateOf(days)}`, ids)
  return ids
}

/** The keys that were announced, and the metrics. */
async function reconciled(time = new Date(TIME)) {
  const { metrics, result } = await readEmbedded(() =>
    reconcile({ time: time.toISOString() }).catch((error: Error) => error),
  )
  const keys: string[] = []
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
    if (Messages.length === 0) break
    for (const { Body = '', ReceiptHandle } of Messages) {
      keys.push(...(readS3Event(Body, Bucket).objects ?? []).map(({ key }) => key))
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
    }
  }
  return { keys, metrics, result }
}

const keysOf = (app: string, ids: string[]) => ids.map((imageId) => metadataKey({ app, imageId }))
const without = (app: string, days: number, ids: string[]) => {
  const left = (rows.get(`${app} ${dateOf(days)}`) ?? []).filter((id) => !ids.includes(id))
  rows.set(`${app} ${dateOf(days)}`, left)
}

test('documents without a row are announced again, of the last days and of one in 30 of the others', async () => {
  const yesterday = await putDocuments('web-app-1', 12, 1)
  const before = await putDocuments('web-app-2', 2, 2)
  const thirty = await putDocuments('web-app-1', 3, 30)
  await putDocuments('web-app-1', 2, 31)
  expect(await reconciled()).toMatchObject({ keys: [], metrics: { RowsMissing: 0 } })
  await putRowsCompared(bucket(), FINISHED)
  rows.set(`web-app-1 ${dateOf(1)}`, yesterday.slice(11))
  rows.set(`web-app-2 ${dateOf(2)}`, before.slice(1))
  rows.set(`web-app-1 ${dateOf(30)}`, thirty.slice(1))
  rows.delete(`web-app-1 ${dateOf(31)}`)
  const { keys, metrics } = await reconciled()
  const expected = [
    ...keysOf('web-app-1', [...yesterday.slice(0, 11), ...thirty.slice(0, 1)]),
    ...keysOf('web-app-2', before.slice(0, 1)),
  ]
  expect(keys.toSorted()).toEqual(expected.toSorted())
  expect(metrics).toMatchObject({ RowsMissing: 13 })
  expect(await getRowsCompared(bucket())).toEqual({ date: dateOf(1), since: dateOf(2), isFinished: true })
})

test('an app without any rows is compared every day, like all others', async () => {
  const ids = await putDocuments('lonely', 1, 1)
  rows.clear()
  expect((await reconciled()).keys).toEqual(keysOf('lonely', ids))
})

test.each([
  [
    'all days since then, if the last comparison was days ago',
    { ...FINISHED, date: dateOf(5) },
    [1, 4, 31, 33],
  ],
  ['all days, if there was none', undefined, [1, 4, 31, 33, 40, 59, 400]],
])('%s', async (_name, last, found) => {
  const days = [1, 4, 31, 33, 40, 59, 400]
  const ids = new Map<number, string[]>()
  for (const day of days) ids.set(day, await putDocuments('shop', 1, day))
  rows.clear()
  if (last) await putRowsCompared(bucket(), last)
  else await s3.send(new DeleteObjectCommand({ Bucket, Key: 'reconciled/rows' }))
  expect((await reconciled()).keys.toSorted()).toEqual(
    found.flatMap((day) => keysOf('shop', ids.get(day) ?? [])).toSorted(),
  )
})

test('a comparison is made once a day, when the events of the day before are merged', async () => {
  await putDocuments('shop', 1, 1)
  rows.clear()
  expect((await reconciled(new Date('2026-11-29T04:45:00Z'))).keys).toEqual([])
  expect((await reconciled(new Date('2026-11-29T05:00:00Z'))).keys).toHaveLength(1)
  athena.statements.length = 0
  expect(await reconciled(new Date('2026-11-29T05:15:00Z'))).toMatchObject({ keys: [], metrics: {} })
  expect(athena.statements).toEqual([])
})

test('what one call does not finish the next one does, and nothing twice', async () => {
  const apps = Array.from({ length: 130 }, (_, n) => `app-${String(n).padStart(3, '0')}`)
  const ids = await pMap(apps, (app) => putDocuments(app, 1, 1), { concurrency: 10 })
  without('app-003', 1, ids[3] ?? [])
  without('app-120', 1, ids[120] ?? [])
  const late = slowClock()
  const first = await reconciled()
  expect(first.keys).toEqual(keysOf('app-003', ids[3] ?? []))
  expect(first.result).toBeUndefined()
  expect(await getRowsCompared(bucket())).toEqual({
    date: dateOf(1),
    since: dateOf(2),
    after: endOf('metadata', { app: 'app-099', date: dateOf(1) }),
    isFinished: false,
  })
  late.mockRestore()
  expect((await reconciled()).keys).toEqual(keysOf('app-120', ids[120] ?? []))
  expect(await getRowsCompared(bucket())).toEqual({ date: dateOf(1), since: dateOf(2), isFinished: true })
})

/** The first time is when a call begins; then its time is over. */
function slowClock() {
  const { now } = Date
  let calls = 0
  return jest.spyOn(Date, 'now').mockImplementation(() => now() + (calls++ === 0 ? 0 : 13 * 60_000))
}

test('a comparison that takes more than a day fails each call, and goes on', async () => {
  const apps = Array.from({ length: 101 }, (_, n) => `app-${String(n).padStart(3, '0')}`)
  const ids = await pMap(apps, (app) => putDocuments(app, 1, 1), { concurrency: 10 })
  without('app-100', 1, ids[100] ?? [])
  const tomorrow = new Date(Date.parse(TIME) + DAY_MS)
  await putRowsCompared(bucket(), { date: dateOf(1), since: dateOf(2), isFinished: false })
  const late = slowClock()
  expect((await reconciled(tomorrow)).result).toEqual(
    new Error(`documents and rows up to ${dateOf(1)} are not compared after a day`),
  )
  late.mockRestore()
  const { keys, result } = await reconciled(tomorrow)
  expect({ keys, result }).toEqual({ keys: keysOf('app-100', ids[100] ?? []), result: undefined })
  // The next one has the day that has ended meanwhile.
  await reconciled(tomorrow)
  expect(await getRowsCompared(bucket())).toEqual({ date: dateOf(0), since: dateOf(1), isFinished: true })
})

test('two calls never compare at the same time', async () => {
  await putDocuments('shop', 1, 1)
  rows.clear()
  const busy = { date: dateOf(1), isFinished: false, busyUntil: Date.now() + 60_000 }
  await putRowsCompared(bucket(), busy)
  expect((await reconciled()).keys).toEqual([])
  expect(await getRowsCompared(bucket())).toEqual(busy)
  await putRowsCompared(bucket(), { ...busy, busyUntil: Date.now() - 1 })
  expect((await reconciled()).keys).toHaveLength(1)
})

test('a call that fails leaves how far it came, and the next one can begin at once', async () => {
  await putDocuments('shop', 1, 1)
  rows.clear()
  const send = jest
    .spyOn(SQSClient.prototype, 'send')
    .mockImplementationOnce(() => Promise.reject(new Error('away')))
  expect((await reconciled()).result).toBeInstanceOf(Error)
  send.mockRestore()
  expect(await getRowsCompared(bucket())).toEqual({ date: dateOf(1), since: dateOf(2), isFinished: false })
  expect((await reconciled()).keys).toHaveLength(1)
})

test('of a large day only what differs is announced, and a call goes on within it', async () => {
  const hours = [1, 9, 17].map((hour) => Date.parse(dateOf(1)) + hour * 3_600_000)
  const ids = hours.flatMap((time) => [0, 1, 2].map((n) => newImageId(new Date(time + n)))).toSorted()
  for (const imageId of ids)
    await s3.send(new PutObjectCommand({ Bucket, Key: metadataKey({ app: 'large', imageId }), Body: '{}' }))
  const [one = '', , , , two = '', , , , three = ''] = ids
  rows.set(
    `large ${dateOf(1)}`,
    ids.filter((id) => id !== one && id !== two && id !== three),
  )
  more.set(`large ${dateOf(1)}`, 250_000)
  const late = slowClock()
  expect((await reconciled()).keys).toEqual([])
  const left = await getRowsCompared(bucket())
  expect(left).toMatchObject({ isFinished: false, part: { app: 'large', date: dateOf(1) } })
  late.mockRestore()
  const slotOf = (id: string) => Number.parseInt(id.slice(0, 8), 16)
  const part = { app: 'large', date: dateOf(1), slot: slotOf(two) }
  await putRowsCompared(bucket(), { ...(left as RowsCompared), part })
  expect((await reconciled()).keys).toEqual(keysOf('large', [two, three]))
  await putRowsCompared(bucket(), FINISHED)
  const { keys, metrics } = await reconciled()
  expect(keys.toSorted()).toEqual(keysOf('large', [one, two, three]))
  expect(metrics).toMatchObject({ RowsMissing: 3 })
  expect(athena.statements.filter((sql) => sql.startsWith('SELECT image_id')).at(-1)).toContain('substr')
})

test('rows that are more than the documents are counted', async () => {
  const ids = await putDocuments('surplus', 1, 1)
  rows.set(`surplus ${dateOf(1)}`, [...ids, newImageId(daysAgo(1))])
  expect(await reconciled()).toMatchObject({ metrics: { RowsWithoutDocument: 1 } })
})
