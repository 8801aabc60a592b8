import { hostname, userInfo } from 'node:os'
import { type Bucket, openAuditTrail, putAuditEntries } from '@darkroom/bucket'
import { type Audited, newAuditEntry } from '@darkroom/core'
import type { Store } from './open-store.ts'

/** What an operator does with this tool. */
export type Act = Pick<Audited, 'act' | 'app' | 'images' | 'detail'> & { outcome?: 'begun' | 'done' }

/**
 * Records in the audit trail what an operator does, before it is done. Without a trail, nothing is done.
 *
 * @throws Error if there is no trail, ProblemError `storage-unavailable`
 */
export async function recordAct(
  { bucket, isLocal }: Pick<Store, 'bucket' | 'isLocal'>,
  ...acts: Act[]
): Promise<void> {
  const trail = await requireAuditTrail(bucket)
  const operator = isLocal ? userInfo().username : await principal()
  const who = { kind: 'operator', operator }
  const entries = acts.map((act) =>
    newAuditEntry({ outcome: 'begun', ...act, who, from: { host: hostname() } }),
  )
  await putAuditEntries(trail, entries)
}

/** @throws Error if there is none */
export async function requireAuditTrail(bucket: Bucket): Promise<Bucket> {
  const trail = await openAuditTrail(bucket)
  if (trail) return trail
  throw new Error(
    `There is no audit trail for ${bucket.name}. Deploy image-processor, which owns its bucket: docs/audit-trail.md.`,
  )
}

/** The ARN of whose credentials the AWS SDK uses. The SDK for STS loads for a while. */
async function principal(): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts')
  const sts = new STSClient()
  try {
    return (await sts.send(new GetCallerIdentityCommand())).Arn ?? 'unknown'
  } finally {
    sts.destroy()
  }
}
