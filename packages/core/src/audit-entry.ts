import * as z from 'zod'
import { AppId } from './app-id.ts'
import { ImageId } from './image-id.ts'
import { DatePartition } from './keys.ts'
import { toAsciiJson } from './text.ts'

/** What is recorded in the audit trail: decisions/0067-audit-trail.md. */
export type AuditedAct =
  /** An image was sent: over HTTP, over Kafka, or as a direct upload that was completed. */
  | 'image.uploaded'
  /** A form or links to send an image to S3 were given out. */
  | 'upload.begun'
  /** Links to variants were given out. */
  | 'links.read'
  | 'image.erased'
  | 'token.created'
  /** A failed login. */
  | 'credential.refused'
  | 'hold.placed'
  | 'hold.released'
  | 'key.created'
  | 'key.revoked'
  /** A key was given an end. */
  | 'key.expires'
  | 'settings.applied'
  | 'settings.withdrawn'

/**
 * One line of the audit trail: who did what to which images, from where, and what came of it.
 *
 *     {"audit":1,"id":"5f0c…","time":"2026-11-23T10:00:00.123Z","act":"image.erased","outcome":"done","app":"web-app-1",
 *      "images":["01a207d9-…"],"who":{"kind":"key","credential":"5b0c1f2a9d3e4f60"},"from":{"ip":"192.0.2.1","client":"curl"}}
 */
export const AuditEntry = z.object({
  /** The version, by which the lines are found among others. */
  audit: z.literal(1),
  /** A line can be delivered twice. */
  id: z.uuid(),
  time: z.iso.datetime(),
  act: z.string().min(1),
  /** `done`, `begun` if it was recorded before, or why not: a problem's slug, or why the credential was refused. */
  outcome: z.string().min(1),
  app: AppId.optional(),
  images: z.array(ImageId).optional(),
  who: z.object({
    /** `key` or `token` of the API, `topic` of Kafka, `operator` of the command line, or `watch` for Darkroom's own repairs. */
    kind: z.string().optional(),
    /** The id of the API key, or of the one that made the token. */
    credential: z.string().optional(),
    uploader: z.string().optional(),
    topic: z.string().optional(),
    /** An ARN of AWS, or a user of a laptop. */
    operator: z.string().optional(),
  }),
  from: z
    .object({
      ip: z.string().optional(),
      /** The family of the client, such as `Firefox` or `curl`; never the whole User-Agent. */
      client: z.string().optional(),
      /** The computer of an operator. */
      host: z.string().optional(),
      partition: z.int().optional(),
      offset: z.int().optional(),
    })
    .optional(),
  /** The request id in the log lines and in the answer. */
  requestId: z.string().optional(),
  detail: z.string().optional(),
})
export type AuditEntry = z.infer<typeof AuditEntry>

/** What a writer says; the rest is added. */
export type Audited = Omit<AuditEntry, 'audit' | 'id' | 'time' | 'act'> & { act: AuditedAct }

export function newAuditEntry(audited: Audited, now = new Date()): AuditEntry {
  return { audit: 1, id: crypto.randomUUID(), time: now.toISOString(), ...audited }
}

/** A line in ASCII: whatever text it quotes cannot change what a terminal shows. */
export function auditLine(audited: Audited): string {
  return `${toAsciiJson(newAuditEntry(audited))}\n`
}

/** Undefined for a line that is no entry. */
export function parseAuditLine(line: string): AuditEntry | undefined {
  if (!line.startsWith('{"audit":')) return undefined
  try {
    return AuditEntry.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** Families of clients. Chromium's own name is in what Edge sends, and Safari's is in what all browsers send. */
const FAMILIES: [RegExp, string][] = [
  [/\bEdg(A|iOS)?\//, 'Edge'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^(python|aiohttp)/i, 'Python'],
  [/^(node|undici|axios)/i, 'Node.js'],
  [/^Go-http-client/, 'Go'],
  [/^(okhttp|Dalvik|Java|Apache-HttpClient)/i, 'Java'],
  [/CFNetwork\//, 'Apple'],
]

/** The family of a client by its User-Agent; `other` if it is not known, undefined if it sends none. */
export function clientFamily(userAgent: string | undefined): string | undefined {
  if (!userAgent) return undefined
  return FAMILIES.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other'
}

/** The bucket of the trail, by that of the images, as in image-processor's template. */
export function auditBucketOf(bucket: string): string {
  return `audit-${bucket.replace(/^darkroom-/, '')}`
}

/** The prefix of the files that were delivered on a UTC day. A file has lines of JSON, compressed by gzip. */
export function auditPrefix(date: string): string {
  return `entries/${DatePartition.parse(date)}/`
}

/** A file that Darkroom writes itself. Those that Firehose delivers have names of its own. */
export function auditKey({ id, time }: Pick<AuditEntry, 'id' | 'time'>): string {
  return `${auditPrefix(time.slice(0, 10))}${z.iso.datetime().parse(time)}-${z.uuid().parse(id)}.gz`
}

export function parseAuditKey(key: string): { date: string } | undefined {
  const { date } = /^entries\/(?<date>[^/]+)\/[^/]+$/.exec(key)?.groups ?? {}
  return DatePartition.safeParse(date).success && date !== undefined ? { date } : undefined
}
