import { type AppId, collectedPrefix, OUTCOMES, type StoredKind, storedPrefix } from '@darkroom/core'
import type { AppDays, Retention } from './retention.ts'

/** A rule as CloudFormation writes it (AWS::S3::Bucket Rule). */
export interface LifecycleRule {
  Id: string
  Status: 'Enabled'
  Prefix?: string
  ExpirationInDays?: number
  ExpiredObjectDeleteMarker?: boolean
  NoncurrentVersionExpiration?: { NoncurrentDays: number }
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation: number }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html */
const MAX_RULES = 1000

/** The kinds with a rule, and the setting that each rule uses. */
const daysFrom = {
  input: 'input',
  processed: 'processed',
  metadata: 'metadata',
  claims: 'claims',
  // The entry for a hash is useful as long as the original exists.
  hashes: 'input',
  // An event is the same image as long as there is a status, or the receipt of its erasure.
  events: 'metadata',
  // An image can be erased as long as it has a status.
  linked: 'metadata',
} as const

/**
 * Collected outcomes: the tables have them after minutes, and this is how long a merge can be broken before images have to be
 * announced again.
 */
export const COLLECTED_OUTCOMES_DAYS = 3
/** Any other events. */
export const COLLECTED_DAYS = 90

/**
 * The bucket's lifecycle rules: one per kind of object, one more per app with a shorter retention, and one for old versions,
 * in case somebody enables versioning. S3 applies the shortest rule that matches.
 *
 * There can be more than a bucket can have, see `tooManyRules`.
 */
export function lifecycleRules({ default: standard, apps }: Retention): LifecycleRule[] {
  const kinds = Object.entries(daysFrom) as [keyof typeof daysFrom, keyof AppDays][]
  return [
    ...kinds.map(([kind, days]) => expire(kind, standard[days])),
    expire('rejected', standard.rejected),
    expire('uploads', standard.uploads),
    {
      Id: 'expire-collected-outcomes',
      Status: 'Enabled',
      Prefix: collectedPrefix(OUTCOMES),
      ExpirationInDays: COLLECTED_OUTCOMES_DAYS,
    },
    expire('collected', COLLECTED_DAYS),
    ...Object.entries(apps).flatMap(([app, own]) =>
      kinds.flatMap(([kind, days]) => {
        const fewer = own[days]
        return fewer !== undefined && fewer < standard[days] ? expire(kind, fewer, app) : []
      }),
    ),
    {
      Id: 'remove-leftovers',
      Status: 'Enabled',
      ExpiredObjectDeleteMarker: true,
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: standard.unfinishedUploads },
    },
  ]
}

/** What is wrong if the retention needs more rules than a bucket can have. */
export function tooManyRules(retention: Retention): string | undefined {
  const { length } = lifecycleRules(retention)
  if (length <= MAX_RULES) return undefined
  return (
    `their own retentionDays need ${length} lifecycle rules, and a bucket can have ${MAX_RULES}. ` +
    'Remove retentionDays from some apps, or from kinds of objects for which the default is enough'
  )
}

function expire(kind: StoredKind, ExpirationInDays: number, app?: AppId): LifecycleRule {
  return {
    Id: app === undefined ? `expire-${kind}` : `expire-${kind}-of-${app}`,
    Status: 'Enabled',
    Prefix: storedPrefix(kind, app),
    ExpirationInDays,
  }
}
