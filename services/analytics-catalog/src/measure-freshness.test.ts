import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { metadataKey, metadataPrefix, newImageId } from '@darkroom/core'
import { awsEnvironment, type LocalAws, startLocalAws } from '@darkroom/local-aws'
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'

const Bucket = 'darkroom-test'
const DAY_MS = 24 * 60 * 60 * 1000

let aws: LocalAws
let s3: S3Client
let measureFreshness: typeof import('./measure-freshness.ts').handler

beforeAll(async () => {
  const { port, stop } = await startLocalAws()
  await stop()
  await start(port)
  process.env.BUCKET = Bucket
  measureFreshness = (await import('./measure-freshness.ts')).handler
  await aws.stop()
})
beforeEach(() => start(aws.port))
afterEach(() => aws.stop())

/** Starts an empty bucket at the address that the handler uses. */
async function start(port: number): Promise<void> {
  aws = await startLocalAws({ port })
  Object.assign(process.env, awsEnvironment(aws.endpoint))
  s3 = new S3Client({})
  await s3.send(new CreateBucketCommand({ Bucket }))
}

const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: '{}\n' }))

/** Writes documents of images that were accepted `daysAgo`. */
async function finishImages(app: string, count: number, daysAgo = 0): Promise<void> {
  const time = new Date(Date.now() - daysAgo * DAY_MS)
  await Promise.all(Array.from({ length: count }, () => put(metadataKey({ app, imageId: newImageId(time) }))))
}

const today = () => new Date().toISOString().slice(0, 10)

interface EmbeddedMetrics {
  _aws: {
    Timestamp: number
    CloudWatchMetrics: {
      Namespace: string
      Dimensions: string[][]
      Metrics: { Name: string; Unit: string }[]
    }[]
  }
  [name: string]: unknown
}

/**
 * Runs the handler and reads its output as CloudWatch does: each line is an EMF document that contains the metrics it
 * declares.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
async function measuredMetrics() {
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  const freshness = await measureFreshness()
  const printed = write.mock.calls.map(([chunk]) => String(chunk)).join('')
  write.mockRestore()
  const lines = printed.split('\n').filter((line) => line !== '')
  return { freshness, metrics: lines.flatMap(readMetrics) }
}

function readMetrics(line: string) {
  const document: EmbeddedMetrics = JSON.parse(line)
  expect(Math.abs(Date.now() - document._aws.Timestamp)).toBeLessThan(60_000)
  return document._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.map(({ Name, Unit }) => {
      const dimensions = Object.fromEntries((Dimensions[0] ?? []).map((name) => [name, document[name]]))
      const value = [document[Name]].flat()
      return { Namespace, Name, Unit, dimensions, value: value[0], values: value.length }
    }),
  )
}

const metric = (app: string, Name: string, Unit: string, value: unknown) => ({
  Namespace: 'Darkroom',
  Name,
  Unit,
  dimensions: { service: 'analytics-catalog', app },
  value,
  values: 1,
})
const fewSeconds = { asymmetricMatch: (age: unknown) => typeof age === 'number' && age >= 0 && age < 30 }

test('an empty bucket has no metrics', async () => {
  expect(await measuredMetrics()).toEqual({ freshness: [], metrics: [] })
})

test('each app has its own embedded metrics', async () => {
  await finishImages('web-app-1', 3)
  await finishImages('web-app-2', 1)
  await put('input/web-app-3/2026-11-23/x')
  const { freshness, metrics } = await measuredMetrics()
  expect(freshness).toEqual([
    { app: 'web-app-1', date: today(), documents: 3, newest: expect.any(Date) },
    { app: 'web-app-2', date: today(), documents: 1, newest: expect.any(Date) },
  ])
  expect(metrics).toEqual([
    metric('web-app-1', 'DocumentsToday', 'Count', 3),
    metric('web-app-1', 'NewestDocumentAge', 'Seconds', fewSeconds),
    metric('web-app-2', 'DocumentsToday', 'Count', 1),
    metric('web-app-2', 'NewestDocumentAge', 'Seconds', fewSeconds),
  ])
})

test('a day can have more documents than one page of a listing', async () => {
  await finishImages('web-app-1', 1001)
  const { freshness } = await measuredMetrics()
  expect(freshness).toMatchObject([{ documents: 1001 }])
})

test('there can be more apps than one page of a listing', async () => {
  const apps = Array.from({ length: 1001 }, (_, n) => `app-${n}`)
  await Promise.all(apps.map((app) => put(`${metadataPrefix(app, today())}x.json`)))
  const { freshness } = await measuredMetrics()
  expect(freshness.map(({ app }) => app).toSorted()).toEqual(apps.toSorted())
})

describe('an app with nothing today', () => {
  test('has the age of its newest document of yesterday', async () => {
    await finishImages('web-app-1', 2, 1)
    const { freshness, metrics } = await measuredMetrics()
    expect(freshness).toEqual([{ app: 'web-app-1', date: today(), documents: 0, newest: expect.any(Date) }])
    expect(metrics).toEqual([
      metric('web-app-1', 'DocumentsToday', 'Count', 0),
      metric('web-app-1', 'NewestDocumentAge', 'Seconds', fewSeconds),
    ])
  })

  test('and nothing yesterday has no age', async () => {
    await finishImages('web-app-1', 2, 2)
    const { freshness, metrics } = await measuredMetrics()
    expect(freshness).toMatchObject([{ documents: 0, newest: undefined }])
    expect(metrics).toEqual([metric('web-app-1', 'DocumentsToday', 'Count', 0)])
  })
})
