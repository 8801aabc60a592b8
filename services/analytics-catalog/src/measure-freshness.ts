import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { type AppId, metadataPrefix } from '@darkroom/core'
import { env } from './environment.ts'

const s3 = new S3Client({})
const metrics = new Metrics({ namespace: 'Darkroom', serviceName: 'analytics-catalog' })

/** How much of an app's day is in the table, and how new. */
export interface Freshness {
  app: AppId
  date: string
  /** Images of that day finished so far. */
  documents: number
  /** When the newest one was finished, of the day before if this day has none yet. Undefined: neither has any. */
  newest: Date | undefined
}

/**
 * Tells per app how many metadata documents today's partition has, and how old the newest is, as metrics: the
 * catalogue reads the documents where they lie, so this is how fresh the analysts' table is.
 */
export async function handler(): Promise<Freshness[]> {
  const now = new Date()
  const apps = await listApps()
  const freshness = await Promise.all(apps.map((app) => measure(app, now)))
  for (const measured of freshness) publish(measured, now)
  return freshness
}

async function listApps(): Promise<AppId[]> {
  const apps: AppId[] = []
  const list = { Bucket: env.BUCKET, Prefix: 'metadata/', Delimiter: '/' }
  for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    apps.push(
      ...CommonPrefixes.flatMap(({ Prefix }) => /^metadata\/app=([^/]+)\/$/.exec(Prefix ?? '')?.[1] ?? []),
    )
  }
  return apps
}

const DAY = 24 * 60 * 60 * 1000

async function measure(app: AppId, now: Date): Promise<Freshness> {
  const date = isoDate(now)
  const today = await measurePartition(app, date)
  const { newest } = today.newest
    ? today
    : await measurePartition(app, isoDate(new Date(now.getTime() - DAY)))
  return { app, date, documents: today.documents, newest }
}

function isoDate(time: Date): string {
  return time.toISOString().slice(0, 10)
}

async function measurePartition(app: AppId, date: string): Promise<Pick<Freshness, 'documents' | 'newest'>> {
  let documents = 0
  let newest: Date | undefined
  const list = { Bucket: env.BUCKET, Prefix: metadataPrefix(app, date) }
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, list)) {
    for (const { LastModified } of Contents) {
      documents++
      if (LastModified && (!newest || LastModified > newest)) newest = LastModified
    }
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
