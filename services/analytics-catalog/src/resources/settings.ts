import type { NamedQuery } from '@darkroom/analytics'

/** Parameters of the stage that the generated resources need. */
export interface Settings {
  stage: string
  /** With commas. */
  apps: string
  /** How many days of acceptance the hourly merge looks at. */
  mergeDays: number
  /** How long an earlier state of a compacted table can be read. */
  snapshotRetentionDays: number
  /** How long S3 keeps the documents. */
  metadataRetentionDays: number
  /** The same for apps that have them kept for less. */
  fewerRetentionDays: Record<string, number>
  queries: NamedQuery[]
}

export const databaseName = ({ stage }: Settings) => `darkroom_${stage}`
