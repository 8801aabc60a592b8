import { AppId, ProblemError, SCOPES, type Scope } from '@darkroom/core'
import * as z from 'zod'

/** Who sends a request, as the authorizer tells the functions: a flat object of text, as the gateway requires. */
export interface Caller {
  app: string
  /** The id of the API key. */
  credential: string
  /** Separated by spaces. */
  scopes: string
}

/** Why the authorizer did not accept the credential. */
export interface Refusal {
  refusal: 'missing' | 'malformed' | 'unknown' | 'expired' | 'revoked' | 'unavailable'
}

/** The caller whose credential is valid. */
export interface Identity {
  app: AppId
  credential: string
  scopes: Scope[]
}

const Identity = z.object({
  app: AppId,
  credential: z.string().min(1),
  scopes: z.string().transform((text) => SCOPES.filter((scope) => text.split(' ').includes(scope))),
})

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
      'The credential cannot be checked, because storage is not available. Repeat the request in a moment.',
    )
  }
  throw refuse(REFUSALS[context?.refusal ?? 'missing'])
}

const ASK = 'Send the header "Authorization: Bearer <API key>".'
/** Without a credential, the header has no error (RFC 6750, section 3.1). */
const REFUSALS: Record<Exclude<Refusal['refusal'], 'unavailable'>, { detail: string; error?: string }> = {
  missing: { detail: `The request has no credential. ${ASK}` },
  malformed: {
    detail: `The credential is not an API key, or was not copied completely: a key starts with dk_ and ends with a checksum. ${ASK}`,
    error: 'The credential is malformed',
  },
  unknown: {
    detail: 'The API key is unknown. Use a key that was made for this deployment.',
    error: 'The credential is unknown',
  },
  expired: { detail: 'The API key has expired. Use a newer one.', error: 'The credential has expired' },
  revoked: {
    detail: 'The API key was revoked. Use another one.',
    error: 'The credential was revoked',
  },
}

function refuse({ detail, error }: { detail: string; error?: string }): ProblemError {
  const challenge = 'Bearer realm="darkroom"'
  const headers = error && {
    'www-authenticate': `${challenge}, error="invalid_token", error_description="${error}"`,
  }
  return new ProblemError('unauthenticated', detail, headers ? { headers } : {})
}
