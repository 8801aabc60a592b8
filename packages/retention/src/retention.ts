import type { AppId } from '@darkroom/core'
import * as z from 'zod'

const Days = z.int('must be a whole number of days').min(1, 'must be at least 1 day').max(36_500)

/** Days, by the prefix of the objects. */
export const AppDays = z.strictObject({
  input: Days.describe('The original.'),
  processed: Days.describe('The variants.'),
  metadata: Days.describe(
    'The document, and with it the status and the row for analysts. After that, nothing is left.',
  ),
  claims: Days.describe('Images that a Kafka event refers to.'),
})
export type AppDays = z.infer<typeof AppDays>

/** What an app has of its own. */
export const OwnDays = AppDays.partial()

/** The default for all apps. */
export const StandardDays = AppDays.extend({
  rejected: Days.describe('Rejected Kafka records. They belong to no app.'),
  uploads: Days.describe('Direct uploads to S3, until they are accepted.'),
  unfinishedUploads: Days.describe('Parts of multipart uploads that were never completed.'),
})

/** How long everything is kept: the default, and apps that keep something for less. */
export interface Retention {
  default: z.infer<typeof StandardDays>
  apps: Record<AppId, z.infer<typeof OwnDays>>
}

const kinds = ['input', 'processed', 'metadata', 'claims'] as const

/** Something that cannot be, in an app or in the default. */
export interface Contradiction {
  app?: AppId
  kind: keyof AppDays
  message: string
}

/**
 * S3 applies the shortest lifecycle rule that matches an object, so an app can keep objects for less than the default, but
 * not for longer: see decisions/0016-retention.md.
 */
export function* contradictionsIn(retention: Retention): Generator<Contradiction> {
  for (const [app, own] of Object.entries(retention.apps)) {
    for (const kind of kinds) {
      const [days = 0, max] = [own[kind], retention.default[kind]]
      if (days > max) yield { app, kind, message: longerThanDefault(days, max) }
    }
    const outlived = outlivesMetadata(fill(own, retention.default))
    if (outlived) yield { app, kind: 'metadata', message: outlived }
  }
  const outlived = outlivesMetadata(retention.default)
  if (outlived) yield { kind: 'metadata', message: outlived }
}

/** The days of an app: its own, or the default. */
export function daysOf(retention: Retention, app: AppId): AppDays {
  return fill(retention.apps[app] ?? {}, retention.default)
}

function fill(own: z.infer<typeof OwnDays>, standard: AppDays): AppDays {
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
