import {
  AppId,
  ImageType,
  KafkaTopic,
  MAX_STORED_BYTES,
  Preset,
  PresetName,
  SCOPES,
  type Scope,
} from '@darkroom/core'
import { contradictionsIn, OwnDays, type Retention, StandardDays, tooManyRules } from '@darkroom/retention'
import * as z from 'zod'
import { contradictionsOfAttributes, DeclaredAttributes } from './declared-attributes.ts'
import { contradictionsOfLimits, RequestRate, UsageLimits } from './usage-limits.ts'

/** S3 takes 64 KB of CORS rules. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
const MAX_ORIGINS_CHARACTERS = 60_000

const Origin = z
  .string()
  .refine(isOrigin, 'must be an origin such as https://shop.example, without a path or a slash at the end')

/** Signatures with a public key (RFC 7518, RFC 8037). With an HMAC, whoever can check a token could make one. */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

/** An OpenID provider whose JWTs are credentials of the app. */
export const OpenIdIssuer = z.strictObject({
  issuer: z
    .string()
    .refine(
      isIssuer,
      'must be the issuer as in its tokens, https, without a query: https://login.shop.example',
    )
    .describe('The issuer, exactly as in the claim `iss` of its tokens.'),
  audience: z
    .string()
    .min(1)
    .max(256)
    .describe(
      'The audience that a token must have in `aud`. No two entries have the same issuer and audience.',
    ),
  algorithms: z
    .array(z.enum(JWT_ALGORITHMS))
    .min(1)
    .optional()
    .describe('The algorithms that its signatures may have. Default: ["RS256"].'),
  uploaderClaim: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('The claim that names the uploader. Default: "sub".'),
  uploaderPrefix: z
    .string()
    .min(1)
    .max(32)
    .optional()
    .describe(
      'Precedes the uploader of this issuer, such as "google:". Needed where two issuers of an app could name different users the same.',
    ),
  scopes: z
    .array(z.enum(SCOPES))
    .min(1)
    .optional()
    .describe('What its tokens allow. Default: ["upload", "read"].'),
  scopeClaim: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'A claim with scopes, as a list or separated by spaces. A token then allows those of `scopes` that are in it.',
    ),
})
export type OpenIdIssuer = z.infer<typeof OpenIdIssuer>

/** What is configured for one app. Without a setting, the app uses the default. */
export const AppSettings = z.strictObject({
  preset: PresetName.optional().describe('The preset of its images. Default: "default".'),
  retentionDays: OwnDays.optional().describe(
    'Days after which S3 deletes its objects, where they are fewer than the default.',
  ),
  origins: z
    .array(Origin)
    .optional()
    .describe(
      'Origins of its pages, for CORS: https://shop.example. Default: any origin. [] for an app without pages.',
    ),
  contentTypes: z
    .array(ImageType)
    .min(1)
    .optional()
    .describe('The media types that it accepts. Default: all that the deployment accepts.'),
  maxBytes: z
    .int()
    .min(1)
    .max(MAX_STORED_BYTES)
    .optional()
    .describe(
      'The largest image that it accepts, in bytes. Default: 4 MB over HTTP and Kafka, 50 MB over S3.',
    ),
  deduplication: z
    .boolean()
    .optional()
    .describe('Whether the same bytes are the same image. Default: false.'),
  limits: UsageLimits.optional().describe('How many images it may send. Default: no limits.'),
  requests: RequestRate.optional().describe('How many HTTP requests it may send. Default: any number.'),
  topics: z
    .array(KafkaTopic)
    .optional()
    .describe('Kafka topics of the app. Each topic belongs to one app. Default: none.'),
  openid: z
    .array(OpenIdIssuer)
    .min(1)
    .max(10)
    .optional()
    .describe('OpenID providers whose JWTs are credentials of the app. Default: none.'),
  attributes: DeclaredAttributes.optional().describe(
    'Attributes of its images that analysts get as columns, by their names. Default: none.',
  ),
})
export type AppSettings = z.infer<typeof AppSettings>

const FileShape = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  presets: z
    .record(PresetName, Preset)
    .describe('Sets of variants by name. There must be one named "default".'),
  retentionDays: StandardDays.describe('Days after which S3 deletes objects, by their prefix.'),
  apps: z
    .record(AppId, AppSettings)
    .describe('All apps by their id, 1 to 32 characters of a-z, 0-9 and "-".'),
})

/**
 * Everything that is configured for the apps of a deployment: the content of `apps.json`.
 *
 *     { "presets": { "default": { "version": 1, "variants": [{ "name": "thumb", "size": 320, "format": "webp" }] } },
 *       "retentionDays": { "input": 30, "processed": 365, "metadata": 730, "claims": 7,
 *                          "rejected": 30, "uploads": 1, "unfinishedUploads": 1 },
 *       "apps": { "web-app-1": {}, "web-app-2": { "topics": ["images.web-app-2"], "retentionDays": { "input": 7 } } } }
 */
export const AppConfiguration = FileShape.superRefine((configuration, context) => {
  for (const [path, message] of contradictions(configuration))
    context.addIssue({ code: 'custom', path, message, input: configuration })
})
export type AppConfiguration = z.infer<typeof AppConfiguration>

/** The schema of the file for editors. */
export function editorSchema(): object {
  return z.toJSONSchema(FileShape, { io: 'input', target: 'draft-07' })
}

/** The rules that concern more than one field. */
function* contradictions(configuration: AppConfiguration): Generator<[string[], string]> {
  const { presets, apps } = configuration
  if (!presets.default) yield [['presets'], 'there must be a preset named "default"']
  if (Object.keys(apps).length === 0) yield [['apps'], 'there must be at least one app']
  const appOf = new Map<string, AppId>()
  for (const [app, { preset = 'default', topics = [], limits = {}, maxBytes }] of Object.entries(apps)) {
    for (const [field, message] of contradictionsOfLimits(limits, maxBytes))
      yield [['apps', app, 'limits', field], message]
    if (!Object.hasOwn(presets, preset) && preset !== 'default') {
      const known = Object.keys(presets).join(', ')
      yield [['apps', app, 'preset'], `no preset is named "${preset}" (there are: ${known})`]
    }
    for (const [index, topic] of topics.entries()) {
      const other = appOf.get(topic)
      if (other !== undefined) {
        yield [['apps', app, 'topics', String(index)], `the topic ${topic} belongs to ${other} already`]
      }
      appOf.set(topic, app)
    }
  }
  yield* contradictionsOfIssuers(configuration)
  yield* contradictionsOfAttributes(apps)
  const retention = retentionOf(configuration)
  for (const { app, kind, message } of contradictionsIn(retention))
    yield [app === undefined ? ['retentionDays', kind] : ['apps', app, 'retentionDays', kind], message]
  const tooMany = tooManyRules(retention)
  if (tooMany) yield [['apps'], tooMany]
  if (JSON.stringify(originsOf(configuration)).length > MAX_ORIGINS_CHARACTERS) {
    yield [
      ['apps'],
      'S3 cannot have this many origins. Leave the origins of an app out, which allows any origin: requests still need a credential',
    ]
  }
}

function* contradictionsOfIssuers({ apps }: AppConfiguration): Generator<[string[], string]> {
  const appOfPair = new Map<string, AppId>()
  for (const [app, { openid = [] }] of Object.entries(apps)) {
    const entries = trustedBy(app, openid)
    for (const [index, entry] of entries.entries()) {
      const path = ['apps', app, 'openid', String(index)]
      const pair = JSON.stringify([entry.issuer, entry.audience])
      const other = appOfPair.get(pair)
      if (other !== undefined) {
        const where = other === app ? 'another entry' : other
        yield [
          [...path, 'audience'],
          `${where} has the same issuer and audience, so a token would not tell which of them it is for`,
        ]
      }
      appOfPair.set(pair, app)
      const rival = entries.slice(0, index).find((earlier) => canNameTheSame(earlier, entry))
      if (rival) {
        yield [
          [...path, 'uploaderPrefix'],
          `a user of this entry and another user of ${rival.issuer} could have the same name: give each entry a uploaderPrefix that no other one starts with`,
        ]
      }
    }
  }
}

/** Whether two entries of an app can give the same name to different users. */
function canNameTheSame(one: TrustedIssuer, other: TrustedIssuer): boolean {
  const nameOf = ({ issuer, uploaderClaim, uploaderPrefix }: TrustedIssuer) =>
    JSON.stringify([issuer, uploaderClaim, uploaderPrefix])
  if (nameOf(one) === nameOf(other)) return false
  return (
    one.uploaderPrefix.startsWith(other.uploaderPrefix) || other.uploaderPrefix.startsWith(one.uploaderPrefix)
  )
}

/** An entry of `openid` with its defaults, and the app that its tokens are of. */
export interface TrustedIssuer {
  app: AppId
  issuer: string
  audience: string
  algorithms: string[]
  uploaderClaim: string
  /** Empty if there is none. */
  uploaderPrefix: string
  scopes: Scope[]
  scopeClaim?: string | undefined
}

function trustedBy(app: AppId, openid: OpenIdIssuer[]): TrustedIssuer[] {
  return openid.map(
    ({
      algorithms = ['RS256'],
      uploaderClaim = 'sub',
      uploaderPrefix = '',
      scopes = ['upload', 'read'],
      ...entry
    }) => ({ app, ...entry, algorithms, uploaderClaim, uploaderPrefix, scopes }),
  )
}

/** The OpenID issuers of all apps. */
export function issuersOf({ apps }: Pick<AppConfiguration, 'apps'>): TrustedIssuer[] {
  return Object.entries(apps).flatMap(([app, { openid = [] }]) => trustedBy(app, openid))
}

/** How many requests the apps may send that have a limit. */
export function requestRatesOf({ apps }: Pick<AppConfiguration, 'apps'>): Record<AppId, RequestRate> {
  const rates = Object.entries(apps).flatMap(([app, { requests }]) => (requests ? [[app, requests]] : []))
  return Object.fromEntries(rates)
}

/** How long everything is kept. */
export function retentionOf({ retentionDays, apps }: AppConfiguration): Retention {
  const own = Object.entries(apps).flatMap(([app, { retentionDays: days }]) => (days ? [[app, days]] : []))
  return { default: retentionDays, apps: Object.fromEntries(own) }
}

/** The app of each Kafka topic. */
export function appsOfTopics({ apps }: AppConfiguration): Record<string, AppId> {
  const topics = Object.entries(apps).flatMap(([app, { topics = [] }]) => topics.map((topic) => [topic, app]))
  return Object.fromEntries(topics)
}

/** The origins whose pages may read answers and images: those of all apps, or any if one app allows any. */
export function originsOf({ apps }: AppConfiguration): string[] {
  const all = Object.values(apps).map(({ origins }) => origins)
  return all.includes(undefined) ? ['*'] : [...new Set(all.flatMap((origins) => origins ?? []))]
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text
}

/** OpenID Connect Discovery 1.0, section 3. On a laptop, an issuer can be on loopback, without TLS. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, search, hash, username } = new URL(text)
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
  return (protocol === 'https:' || (protocol === 'http:' && isLoopback)) && !search && !hash && !username
}
