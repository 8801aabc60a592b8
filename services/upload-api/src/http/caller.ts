import { AppId, type ImageId, ImageType, ProblemError, SCOPES, type Scope } from '@darkroom/core'
import { requireAllowedType } from '@darkroom/intake'
import type { RequestLimit } from '@darkroom/rate-limits/requests'
import * as z from 'zod'

/** Who sends a request, as the authorizer tells the functions: a flat object of text, as the gateway requires. */
export interface Caller {
  app: string
  /** The id of the API key, also of a token that was made with it; of a JWT, its issuer. */
  credential: string
  kind: 'key' | 'token' | 'jwt'
  /** Separated by spaces. */
  scopes: string
  /** Only of a key that expires, ISO 8601. */
  expiresAt?: string
  /** Only of tokens and JWTs. */
  uploader?: string
  /** The rest is only of tokens. */
  maxBytes?: number
  /** Separated by spaces. */
  contentTypes?: string
}

/** With what the authorizer says of the limit on the requests of the app. */
export type LimitedCaller = Caller & RequestLimit

/** Why the authorizer did not accept the credential. */
export interface Refusal {
  refusal: 'missing' | 'malformed' | 'unknown' | 'expired' | 'revoked' | JwtRefusal | 'unavailable'
  /** The id of the key that it names, for the audit trail. */
  credential?: string
}

/** What is wrong with a JWT. */
type JwtRefusal =
  `jwt-${'issuer' | 'audience' | 'algorithm' | 'key' | 'signature' | 'early' | 'type' | 'claims' | 'uploader'}`

const words = z.string().transform((text) => text.split(' '))

const Identity = z.object({
  app: AppId,
  credential: z.string().min(1),
  kind: z.enum(['key', 'token', 'jwt']),
  scopes: words.transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
  expiresAt: z.iso.datetime().optional(),
  uploader: z.string().min(1).optional(),
  maxBytes: z.coerce.number().int().positive().optional(),
  contentTypes: words.pipe(z.array(ImageType)).optional(),
})
/** The caller whose credential is valid. */
export type Identity = z.infer<typeof Identity>

/**
 * @param context of the authorizer. One of an unexpected shape counts as no credential
 * @throws ProblemError `unauthenticated`, `storage-unavailable` if the credential could not be checked
 */
export function identify(context: Partial<Caller & Refusal> | undefined): Identity {
  const { data } = Identity.safeParse(context)
  if (data) return data
  if (context?.refusal === 'unavailable') {
    throw new ProblemError(
      'storage-unavailable',
      'The credential cannot be checked, because storage or the issuer of the JWT is not available. Repeat the request in a moment.',
    )
  }
  throw unauthenticated(REFUSALS[context?.refusal ?? 'missing'])
}

const ASK = 'Send the header "Authorization: Bearer <API key, upload token or JWT>".'
const CONFIGURE = 'Issuers are configured in apps.json, see docs/apps.md.'
/** Without a credential, the header has no error (RFC 6750, section 3.1). */
const REFUSALS: Record<Exclude<Refusal['refusal'], 'unavailable'>, { detail: string; error?: string }> = {
  missing: { detail: `The request has no credential. ${ASK}` },
  malformed: {
    detail: `The credential is neither an API key, an upload token nor a JWT, or was not copied completely: a key starts with dk_ and ends with a checksum, a token starts with dt_, a JWT with eyJ. ${ASK}`,
    error: 'The credential is malformed',
  },
  unknown: {
    detail:
      'The credential is unknown. Use a key that was made for this deployment, or a token made with one.',
    error: 'The credential is unknown',
  },
  expired: {
    detail:
      'The credential has expired. Use a newer key, or ask your server or your sign-in for a new token.',
    error: 'The credential has expired',
  },
  revoked: {
    detail: 'The API key was revoked, and its tokens with it. Use another key.',
    error: 'The credential was revoked',
  },
  'jwt-issuer': {
    detail: `No app of this deployment has the issuer (iss) of the JWT. ${CONFIGURE}`,
    error: 'The issuer is unknown',
  },
  'jwt-audience': {
    detail: `The audience (aud) of the JWT is not that of exactly one app with its issuer. Ask the issuer for a token with the audience of your app. ${CONFIGURE}`,
    error: 'The audience is wrong',
  },
  'jwt-algorithm': {
    detail: `The JWT is not signed with an algorithm (alg) that the app allows. ${CONFIGURE}`,
    error: 'The algorithm is not allowed',
  },
  'jwt-key': {
    detail:
      'The issuer publishes no key that fits the JWT (kid, alg). If it has just replaced its keys, repeat the request after 30 seconds.',
    error: 'The key is unknown',
  },
  'jwt-signature': {
    detail: 'The signature of the JWT is not of its issuer, or the JWT was changed.',
    error: 'The signature is wrong',
  },
  'jwt-early': {
    detail: 'The JWT is not valid yet (nbf). Check the clocks.',
    error: 'The credential is not valid yet',
  },
  'jwt-type': {
    detail:
      'The JWT is neither an access token nor an ID token: its header has a typ other than JWT and at+jwt.',
    error: 'The type is wrong',
  },
  'jwt-claims': {
    detail: 'The JWT lacks a claim, or one is of the wrong kind: iss, aud and exp are needed.',
    error: 'A claim is missing or wrong',
  },
  'jwt-uploader': {
    detail: `The JWT does not name an uploader of at most 128 bytes, in "sub" or the claim that the app configures. ${CONFIGURE}`,
    error: 'The uploader is missing',
  },
}

const CHALLENGE = 'Bearer realm="darkroom"'

function unauthenticated({ detail, error }: { detail: string; error?: string }): ProblemError {
  const headers = error && {
    'www-authenticate': `${CHALLENGE}, error="invalid_token", error_description="${error}"`,
  }
  return new ProblemError('unauthenticated', detail, headers ? { headers } : {})
}

/** @throws ProblemError `insufficient-scope` */
export function requireScope({ kind, scopes }: Identity, scope: Scope | 'key'): void {
  if (scope === 'key') {
    if (kind === 'key') return
    throw new ProblemError(
      'insufficient-scope',
      'An upload token or a JWT cannot do this. Send the request from your server, with an API key.',
    )
  }
  if (scopes.includes(scope)) return
  throw new ProblemError(
    'insufficient-scope',
    `The credential lacks the scope "${scope}"; it has: ${scopes.join(', ') || 'none'}. Ask your server for a token with this scope.`,
    { headers: { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${scope}"` } },
  )
}

/** Whose images a caller sees: all of the app, or those of one uploader. */
export interface View {
  app: AppId
  uploader?: string | undefined
}

/** An image as a caller sees it: with an uploader, only if it is that uploader's. */
export interface SoughtImage extends View {
  imageId: ImageId
}

/** Whose images the caller sees: without `read:all` those of its uploader only. A token without an uploader sees none. */
export function viewOf({ app, kind, scopes, uploader = '' }: Identity): View {
  return kind === 'key' || scopes.includes('read:all') ? { app } : { app, uploader }
}

/**
 * The uploader of a new image. An API key can name one in the request; a token or JWT has its own.
 *
 * @throws ProblemError `insufficient-scope` if a token names another uploader
 */
export function uploaderOf({ kind, uploader }: Identity, named: string | undefined): string | undefined {
  if (named === undefined || named === uploader) return uploader
  if (kind === 'key') return named
  throw new ProblemError(
    'insufficient-scope',
    'Only an API key can name an uploader in the request. Leave it out: the images of a token or JWT are of its own uploader.',
  )
}

/** Leaves the uploader out unless the caller is that uploader, or the app itself. */
export function forCaller<Status extends { uploader?: string | undefined }>(
  { kind, uploader: own }: Identity,
  { uploader, ...status }: Status,
) {
  return uploader !== undefined && (kind === 'key' || own === uploader) ? { ...status, uploader } : status
}

/** What a token allows of an image. */
export type Allowance = Pick<Identity, 'maxBytes' | 'contentTypes'>

/** @throws ProblemError `payload-too-large`, `unsupported-media-type` */
export function requireAllowed(
  { maxBytes, contentTypes }: Allowance,
  { bytes, contentType }: { bytes: number; contentType: string },
): void {
  requireAllowedBytes(bytes, maxBytes)
  requireAllowedType(contentType, contentTypes)
}

/** @throws ProblemError `payload-too-large` if the image is larger than the token allows */
export function requireAllowedBytes(bytes: number, maxBytes = Number.POSITIVE_INFINITY): void {
  if (bytes <= maxBytes) return
  throw new ProblemError(
    'payload-too-large',
    `The image has ${bytes} bytes; the upload token allows ${maxBytes}.`,
    { content: { bytes } },
  )
}
