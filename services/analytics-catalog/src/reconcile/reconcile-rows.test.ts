import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { metadataKey, newImageId, readS3Event } from '@darkroom/core'
import { awsEnvironment, startLocalAws } from '@darkroom/local-aws'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
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
const athena = await startStandInAthena((statement) => {
  const [, app, date] =
    /^SELECT image_id FROM images WHERE app = '(.*)' AND dt = DATE '(.*)'$/.exec(statement) ?? []
  if (app) return (rows.get(`${app} ${date}`) ?? []).map((id) => [id])
  return [...rows].map(([day, ids]) => [...day.split(' '), String(ids.length)])
})
let s3: S3Client
let sqs: SQSClient
let QueueUrl: string | undefined
let reconcile: typeof import('./reconcile-rows.ts').handler
beforeAll(async () => {
  Object.assign(process.env, awsEnvironment(aws.endpoint), { BUCKET: Bucket, STAGE: 'test' })
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
beforeEach(() => {
  rows = new Map()
})

async function putDocuments(app: string, count: number, days: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newImageId(daysAgo(days))).toSorted()
  for (const imageId of ids)
    await s3.send(new PutObjectCommand({ Bucket, Key: metadataKey({ app, imageId }), Body: '{}' }))
  rows.set(`${app} ${dateOf(days)}`, ids)
  return ids
}

/** The keys that were announced, and the metrics. */
async function reconciled(time = new Date(TIME)) {
  const { metrics } = await readEmbedded(() => reconcile({ time: time.toISOString() }))
  const keys: string[] = []
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
    if (Messages.length === 0) break
    for (const { Body = '' } of Messages)
      keys.push(...(readS3Event(Body, Bucket).objects ?? []).map(({ key }) => key))
  }
  return { keys, metrics }
}

test('documents without a row are announced again, of the last days and of one in 30 of the others', async () => {
  const [yesterday, before, thirty] = [
    await putDocuments('web-app-1', 12, 1),
    await putDocuments('web-app-2', 2, 2),
    await putDocuments('web-app-1', 3, 30),
  ]
  await putDocuments('web-app-1', 2, 31)
  expect(await reconciled()).toMatchObject({ keys: [], metrics: { RowsMissing: 0 } })
  rows.set(`web-app-1 ${dateOf(1)}`, yesterday.slice(11))
  rows.set(`web-app-2 ${dateOf(2)}`, before.slice(1))
  rows.set(`web-app-1 ${dateOf(30)}`, thirty.slice(1))
  rows.delete(`web-app-1 ${dateOf(31)}`)
  const { keys, metrics } = await reconciled()
  const expected = [
    ...[...yesterday.slice(0, 11), ...thirty.slice(0, 1)].map((imageId) => ({ app: 'web-app-1', imageId })),
    ...before.slice(0, 1).map((imageId) => ({ app: 'web-app-2', imageId })),
  ]
  expect(keys.toSorted()).toEqual(expected.map(metadataKey).toSorted())
  expect(metrics).toMatchObject({ RowsMissing: 13 })
})

test('an app without rows in the last days is looked at on one day of seven', async () => {
  const turns: number[] = []
  for (let day = 0; day < 7; day++) {
    const [id = ''] = await putDocuments('idle-app', 1, 1 - day)
    rows.delete(`idle-app ${dateOf(1 - day)}`)
    const { keys } = await reconciled(new Date(Date.parse(TIME) + day * DAY_MS))
    if (keys.some((key) => key.includes(id))) turns.push(day)
  }
  expect(turns).toHaveLength(1)
})

test('a document of an app without any rows is announced again within a week', async () => {
  const apps = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => `lonely-${letter}`)
  const lost: string[] = []
  for (const app of apps) {
    for (const days of [1, 40]) {
      const [imageId = ''] = await putDocuments(app, 1, days)
      rows.delete(`${app} ${dateOf(days)}`)
      lost.push(metadataKey({ app, imageId }))
    }
  }
  const announced = new Set<string>()
  // The older ones are due once in 30 days.
  for (let day = 0; day < 30; day++) {
    const { keys } = await reconciled(new Date(Date.parse(TIME) + day * DAY_MS))
    for (const key of keys) announced.add(key)
    if (day === 6) expect([...announced]).toEqual(expect.arrayContaining(lost.filter((_, n) => n % 2 === 0)))
  }
  expect([...announced]).toEqual(expect.arrayContaining(lost))
})

test('rows that are more than the documents are counted', async () => {
  const ids = await putDocuments('surplus', 1, 1)
  rows.set(`surplus ${dateOf(1)}`, [...ids, newImageId(daysAgo(1))])
  expect(await reconciled()).toMatchObject({ metrics: { RowsWithoutDocument: 1 } })
})
