import * as z from 'zod'
import { AppId } from './app-id.ts'
import { cloudEvent } from './cloud-event.ts'
import { ProblemSlug } from './problem.ts'
import { whyUnreadable } from './tolerant.ts'

const column = <Field extends z.ZodType>(field: Field, description: string): Field =>
  field.meta({ description })

/** A well-formed media type of a usual length. What a client declares beside that is left out. */
const MediaType = z.string().regex(/^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,95}$/)

/** Programs that send images, as analysts count them. */
export const USER_AGENTS = [
  'Chrome',
  'Edge',
  'Firefox',
  'Safari',
  'Android app',
  'iOS app',
  'curl',
  'Go',
  'Java',
  'Node.js',
  'Python',
  'other',
] as const

/** Images that were refused for the same reason, as a row of the catalogue. */
export const Refusal = z.object({
  schema_version: column(z.literal(1), 'The version of this schema.'),
  app: column(AppId, 'The app that sent the images.'),
  origin: column(z.enum(['http', 'kafka']), 'How they came: http or kafka.'),
  refusal_type: column(ProblemSlug, 'The reason, as a stable slug.'),
  refusals: column(z.int().positive(), 'How many were refused.'),
  bytes: column(z.int().nonnegative().optional(), 'Size of all of them in bytes, where it is known.'),
  declared_type: column(MediaType.optional(), 'The media type that the sender declared.'),
  found_type: column(MediaType.optional(), 'The media type that was found in the bytes.'),
  user_agent: column(z.enum(USER_AGENTS).optional(), 'The kind of program that sent them over HTTP.'),
})
export type Refusal = z.infer<typeof Refusal>

/**
 * Images were refused before they were stored, so they have no id. On the events topic. The service that refused them sends it
 * to the outcomes queue, at most every few seconds with a number of refusals: see decisions/0061-refusals-are-counted.md.
 *
 *     { "specversion": "1.0", "type": "image.refused.v1", "source": "/darkroom/upload-api", "id": "c9ac…",
 *       "time": "2026-11-23T10:00:02.000Z", "datacontenttype": "application/json",
 *       "data": { "schema_version": 1, "app": "web-app-1", "origin": "http", "refusal_type": "unsupported-media-type",
 *                 "refusals": 3, "bytes": 733428, "declared_type": "image/jpeg", "found_type": "application/pdf",
 *                 "user_agent": "Safari" } }
 *
 * Delivery is at least once: `id` says which events are the same.
 */
export const ImageRefused = cloudEvent('image.refused.v1', Refusal).omit({ subject: true, traceparent: true })
export type ImageRefused = z.infer<typeof ImageRefused>

/** The kind of the collected files of these events, see `collectedKey`. */
export const REFUSALS = ImageRefused.shape.type.value

/** What an event of this or a later version has. Everything else is passed on as it is. */
const ReceivedRefusal = z.looseObject({
  type: ImageRefused.shape.type,
  id: z.string().min(1),
  time: z.iso.datetime({ offset: true }),
  data: z.looseObject({ app: AppId, refusal_type: z.string(), refusals: z.int().positive() }),
})
export type ReceivedRefusal = z.infer<typeof ReceivedRefusal>

/**
 * Reads a message that may be an event of refusals. It is neither if it is something else, for example an event of S3. If it is
 * one that cannot be read, `unreadable` is the reason, for a log.
 */
export function readRefusal(body: string): { refusal?: ReceivedRefusal; unreadable?: string } {
  if (!body.includes(`"${REFUSALS}"`)) return {}
  try {
    return { refusal: ReceivedRefusal.parse(JSON.parse(body)) }
  } catch (error) {
    return { unreadable: whyUnreadable(error) }
  }
}

const PATTERNS: [RegExp, (typeof USER_AGENTS)[number]][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
  [/\bCFNetwork\/|\bDarwin\//, 'iOS app'],
  [/^okhttp\/|\bDalvik\//i, 'Android app'],
  [/^curl\//i, 'curl'],
  [/^Go-http-client\//i, 'Go'],
  [/^Java(?:-http-client)?\/|^Apache-HttpClient\//i, 'Java'],
  [/^(?:node|undici|axios)\b/i, 'Node.js'],
  [/^(?:python|aiohttp|httpx)\b/i, 'Python'],
]

/** The kind of program that a `User-Agent` names. */
export function userAgentOf(header = ''): (typeof USER_AGENTS)[number] {
  return PATTERNS.find(([pattern]) => pattern.test(header))?.[1] ?? 'other'
}

/** A media type for an event; undefined if it is none. */
export function eventMediaType(text: string | undefined): string | undefined {
  return MediaType.safeParse(text).data
}
