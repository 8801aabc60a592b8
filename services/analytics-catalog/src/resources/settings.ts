import { attributeViews, type BaseView, baseViews, type NamedQuery, readQueries } from '@darkroom/analytics'
import { readConfiguration, retentionOf } from '@darkroom/app-configuration'
import * as z from 'zod'

/** Parameters of the stage that the generated resources need. */
export interface Settings {
  stage: string
  /** Separated by commas. */
  apps: string
  /** The images of so many days are compared with all others every hour. */
  lookAlikeDays: number
  /** How long S3 keeps the documents. */
  metadataRetentionDays: number
  /** Days of apps that keep their documents for a shorter time. */
  fewerRetentionDays: Record<string, number>
  /** What the queries are built on. */
  baseViews: BaseView[]
  queries: NamedQuery[]
}

const Days = z.coerce.number().int().positive()
const Parameters = z.object({
  'sls:stage': z.string(),
  'param:lookAlikeDays': Days,
  /** mergeOutcomes has it in its environment. */
  'param:snapshotRetentionDays': Days,
})

/** @throws Error that names each wrong variable of serverless.yml or field of the apps' configuration */
export async function readSettings(
  resolveVariable: (address: string) => Promise<unknown>,
): Promise<Settings> {
  const values = Object.keys(Parameters.shape).map(
    async (address) => [address, await resolveVariable(address)] as const,
  )
  const { data: parameters, error } = Parameters.safeParse(Object.fromEntries(await Promise.all(values)))
  if (error) throw new Error(`serverless.yml cannot be used.\n${z.prettifyError(error)}`)
  const configuration = readConfiguration()
  const retention = retentionOf(configuration)
  return {
    stage: parameters['sls:stage'],
    apps: Object.keys(configuration.apps).join(),
    lookAlikeDays: parameters['param:lookAlikeDays'],
    metadataRetentionDays: retention.default.metadata,
    fewerRetentionDays: Object.fromEntries(
      Object.entries(retention.apps).flatMap(([app, { metadata }]) =>
        metadata === undefined || metadata >= retention.default.metadata ? [] : [[app, metadata]],
      ),
    ),
    baseViews: [...baseViews(), ...attributeViews(configuration.apps)],
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
