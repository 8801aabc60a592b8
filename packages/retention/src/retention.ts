import { AppId } from '@darkroom/core'
import * as z from 'zod'

const Days = z.int('must be a whole number of days').min(1, 'must be at least 1 day').max(36_500)

/** Days, by the prefix of the objects. */
const AppDays = z.strictObject({
  /** The original. */
  input: Days,
  /** The variants. */
  processed: Days,
  /** The document, and with it the status and the row for analysts. After that, nothing is left. */
  metadata: Days,
  /** Images that a Kafka event refers to. */
  claims: Days,
})
export type AppDays = z.infer<typeof AppDays>

/**
 * How long everything is kept. S3 applies the shortest lifecycle rule that matches an object, so an app can keep objects
 * for less than the default, but not for longer: see decisions/0016-retention.md.
 *
 *     { "default": { "input": 30, "processed": 365, "metadata": 730, "claims": 7,
 *                    "rejected": 30, "uploads": 1, "unfinishedUploads": 1 },
 *       "apps": { "web-app-2": { "input": 7, "processed": 90 } } }
 */
export const Retention = z
  .strictObject({
    default: AppDays.extend({
      /** Rejected Kafka records. They belong to no app. */
      rejected: Days,
      /** Direct uploads to S3, until they are accepted. */
      uploads: Days,
      /** Parts of multipart uploads that were never completed. */
      unfinishedUploads: Days,
    }),
    apps: z.record(AppId, AppDays.partial()),
  })
  .superRefine((retention, context) => {
    const complain = (message: string, ...path: string[]) =>
      context.addIssue({ code: 'custom', message, path, input: retention })
    for (const [app, own] of Object.entries(retention.apps)) {
      for (const kind of kinds) {
        const [days = 0, max] = [own[kind], retention.default[kind]]
        if (days > max) complain(longerThanDefault(days, max), 'apps', app, kind)
      }
      const outlived = outlivesMetadata(fill(own, retention.default))
      if (outlived) complain(outlived, 'apps', app, 'metadata')
    }
    const outlived = outlivesMetadata(retention.default)
    if (outlived) complain(outlived, 'default', 'metadata')
  })
export type Retention = z.infer<typeof Retention>

const kinds = ['input', 'processed', 'metadata', 'claims'] as const

/** The days of an app: its own, or the default. */
export function daysOf(retention: Retention, app: AppId): AppDays {
  return fill(retention.apps[app] ?? {}, retention.default)
}

function fill(own: Retention['apps'][string], standard: AppDays): AppDays {
  const {
    input = standard.input,
    processed = standard.processed,
    metadata = standard.metadata,
    claims = standard.claims,
  } = own
  return { input, processed, metadata, claims }
}

function longerThanDefault(days: number, max: number): string {
  return (
    `${days} days is more than the default of ${max}, and S3 applies the shorter one. ` +
    `Set the default to ${days}, and add an entry for each app that keeps ${max} days`
  )
}

/** Without its document, an original would be developed again. */
function outlivesMetadata({ input, processed, metadata }: AppDays): string | undefined {
  const longest = Math.max(input, processed)
  if (metadata >= longest) return undefined
  return `the document must be kept at least as long as the original and the variants, ${longest} days`
}
