import { type AppId, type StoredKind, storedPrefix } from '@darkroom/core'
import type { Retention } from './retention.ts'

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
const MOST_RULES = 1000

/** Kinds of which there is a rule, with the kind whose days it has. */
const daysFrom = {
  input: 'input',
  processed: 'processed',
  metadata: 'metadata',
  claims: 'claims',
  // What says which image has these bytes is of use while its original is there.
  hashes: 'input',
} as const

/**
 * The bucket's lifecycle rules: one for each kind of object, one more for each app that keeps some of them for less,
 * and one for what versions leave behind, should somebody switch them on. S3 applies the shortest that matches.
 *
 * @throws Error if a bucket cannot have that many
 */
export function lifecycleRules({ default: standard, apps }: Retention): LifecycleRule[] {
  const kinds = Object.entries(daysFrom) as [keyof typeof daysFrom, keyof Retention['apps'][string]][]
  const rules: LifecycleRule[] = [
    ...kinds.map(([kind, days]) => expire(kind, standard[days])),
    expire('rejected', standard.rejected),
    expire('uploads', standard.uploads),
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
  if (rules.length <= MOST_RULES) return rules
  throw new Error(
    `${rules.length} lifecycle rules, and a bucket has ${MOST_RULES}: let more apps share the default.`,
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
