import { type NamedQuery, readQueries } from '@darkroom/analytics'
import { daysOf, readRetention } from '@darkroom/retention'
import * as z from 'zod'

/** Parameters of the stage that the generated resources need. */
export interface Settings {
  stage: string
  /** Separated by commas. */
  apps: string
  /** How many days of acceptance the hourly merge reads. */
  mergeDays: number
  /** How long an earlier state of a compacted table can be read. */
  snapshotRetentionDays: number
  /** How long S3 keeps the documents. */
  metadataRetentionDays: number
  /** Days of apps that keep their documents for a shorter time. */
  fewerRetentionDays: Record<string, number>
  queries: NamedQuery[]
}

const Days = z.coerce.number().int().positive()
const Parameters = z.object({
  'sls:stage': z.string(),
  'param:apps': z.string(),
  'param:mergeDays': Days,
  'param:snapshotRetentionDays': Days,
  'param:retentionFile': z.string(),
})

/** @throws Error that names each wrong variable of serverless.yml or field of the retention file */
export async function readSettings(
  resolveVariable: (address: string) => Promise<unknown>,
): Promise<Settings> {
  const values = Object.keys(Parameters.shape).map(
    async (address) => [address, await resolveVariable(address)] as const,
  )
  const { data: parameters, error } = Parameters.safeParse(Object.fromEntries(await Promise.all(values)))
  if (error) throw new Error(`serverless.yml cannot be used.\n${z.prettifyError(error)}`)
  const retention = readRetention(parameters['param:retentionFile'])
  return {
    stage: parameters['sls:stage'],
    apps: parameters['param:apps'],
    mergeDays: parameters['param:mergeDays'],
    snapshotRetentionDays: parameters['param:snapshotRetentionDays'],
    metadataRetentionDays: retention.default.metadata,
    fewerRetentionDays: Object.fromEntries(
      Object.keys(retention.apps).map((app) => [app, daysOf(retention, app).metadata]),
    ),
    queries: readQueries(retention),
  }
}

/** `time_to_ready`, `View` → `TimeToReadyView` */
export function logicalId(name: string, suffix = ''): string {
  const words = name.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return words.join('') + suffix
}

/** Athena allows no hyphens in the names of databases. */
export const databaseName = ({ stage }: Pick<Settings, 'stage'>) => `darkroom_${stage.replaceAll('-', '_')}`
