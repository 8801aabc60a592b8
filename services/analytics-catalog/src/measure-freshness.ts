import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { type AppId, metadataPrefix } from '@darkroom/core'
import { env } from './env.ts'

const s3 = new S3Client({})
const metrics = new Metrics({ namespace: 'Darkroom', serviceName: 'analytics-catalog' })

/** How much of an app's day is in the table, and since when. */
export interface Freshness {
  app: AppId
  date: string
  /** Images finished so far. */
  documents: number
  /** ISO 8601, or undefined while there are none. */
  newest: string | undefined
}

/**
 * Tells per app how many metadata documents today's partition has, and how old the newest is, as metrics: the
 * catalogue reads the documents where they lie, so this is how fresh the analysts' table is.
 */
export async function handler(): Promise<Freshness[]> {
  const now = new Date()
  const apps = await listApps()
  const freshness = await Promise.all(apps.map((app) => measure(app, now.toISOString().slice(0, 10))))
  for (const measured of freshness) publish(measured, now)
  return freshness
}

async function listApps(): Promise<AppId[]> {
  const list = new ListObjectsV2Command({ Bucket: env.BUCKET, Prefix: 'metadata/', Delimiter: '/' })
  const { CommonPrefixes = [] } = await s3.send(list)
  return CommonPrefixes.flatMap(({ Prefix }) => /^metadata\/app=([^/]+)\/$/.exec(Prefix ?? '')?.[1] ?? [])
}

async function measure(app: AppId, date: string): Promise<Freshness> {
  let documents = 0
  let newest: Date | undefined
  let token: string | undefined
  do {
    const list = { Bucket: env.BUCKET, Prefix: metadataPrefix(app, date), ContinuationToken: token }
    const page = await s3.send(new ListObjectsV2Command(list))
    for (const { LastModified } of page.Contents ?? []) {
      documents++
      if (LastModified && (!newest || LastModified > newest)) newest = LastModified
    }
    token = page.NextContinuationToken
  } while (token)
  return { app, date, documents, newest: newest?.toISOString() }
}

function publish({ app, documents, newest }: Freshness, now: Date): void {
  const metric = metrics.singleMetric()
  metric.addDimension('app', app)
  metric.addMetric('DocumentsToday', MetricUnit.Count, documents)
  if (newest) {
    const age = metrics.singleMetric()
    age.addDimension('app', app)
    age.addMetric('NewestDocumentAge', MetricUnit.Seconds, (now.getTime() - Date.parse(newest)) / 1000)
  }
}
