import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { listApps, listImages, openBucket } from '@darkroom/bucket'
import type { AppId } from '@darkroom/core'
import { env } from './environment.ts'

const bucket = openBucket(env.BUCKET)
const metrics = new Metrics({ namespace: 'Darkroom', serviceName: 'analytics-catalog' })

/** How current the table is for one app. */
export interface Freshness {
  app: AppId
  date: string
  /** Documents of images that were accepted on that day. */
  documents: number
  /** When the newest document of this day, or else of the day before, was written. Undefined if there is none. */
  newest: Date | undefined
}

/**
 * Publishes for each app how many metadata documents today's partition has and how old the newest one is. The table reads
 * the documents directly from S3, so this is also the freshness of the table.
 */
export async function handler(): Promise<Freshness[]> {
  const now = new Date()
  const apps = await listApps(bucket, 'metadata')
  const freshness = await Promise.all(apps.map((app) => measure(app, now)))
  for (const measured of freshness) publish(measured, now)
  return freshness
}

const DAY_MS = 24 * 60 * 60 * 1000

async function measure(app: AppId, now: Date): Promise<Freshness> {
  const date = isoDate(now)
  const today = await measurePartition(app, date)
  const { newest } = today.newest
    ? today
    : await measurePartition(app, isoDate(new Date(now.getTime() - DAY_MS)))
  return { app, date, documents: today.documents, newest }
}

function isoDate(time: Date): string {
  return time.toISOString().slice(0, 10)
}

async function measurePartition(app: AppId, date: string): Promise<Pick<Freshness, 'documents' | 'newest'>> {
  let documents = 0
  let newest: Date | undefined
  for await (const { written } of listImages(bucket, 'metadata', { app, date })) {
    documents++
    if (!newest || written > newest) newest = written
  }
  return { documents, newest }
}

function publish({ app, documents, newest }: Freshness, now: Date): void {
  const metric = metrics.singleMetric()
  metric.addDimension('app', app)
  metric.addMetric('DocumentsToday', MetricUnit.Count, documents)
  if (newest) {
    const age = metrics.singleMetric()
    age.addDimension('app', app)
    age.addMetric(
      'NewestDocumentAge',
      MetricUnit.Seconds,
      Math.max(0, now.getTime() - newest.getTime()) / 1000,
    )
  }
}
