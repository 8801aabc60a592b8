import type { TrustedIssuer } from '@darkroom/app-configuration'
import { issuers as deployedIssuers } from '@darkroom/app-configuration/deployed'
import { SCOPES } from '@darkroom/core/api-key'
import { isUploader } from '@darkroom/core/upload-token'
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Caller, Refusal } from '../http/caller.ts'
import { type FindKey, IssuerUnavailable, openIssuerKeys } from './issuer-keys.ts'

// Apart from authorize.ts, which loads it with the first JWT: API keys and upload tokens do not need it.

/** How far the clocks of an issuer and of Lambda may differ. */
const MAX_SKEW_SECONDS = 60
/** `typ` of access and ID tokens (RFC 9068, RFC 7519). A logout token (`logout+jwt`) is signed with the same keys. */
const TYPES = [undefined, 'jwt', 'at+jwt', 'application/at+jwt']

const deployedKeys = openIssuerKeys({ isLocal: process.env.STAGE === 'local' })

/**
 * Who sends a JWT, after the issuers that apps name in their configuration.
 *
 * @throws IssuerUnavailable if the keys of its issuer are not known
 */
export async function identifyJwt(
  jwt: string,
  issuers: TrustedIssuer[] = deployedIssuers,
  findKey: FindKey = deployedKeys,
): Promise<Caller | Refusal> {
  const unverified = readClaims(jwt)
  if (!unverified) return { refusal: 'malformed' }
  const ofIssuer = issuers.filter(({ issuer }) => issuer === unverified.iss)
  if (ofIssuer.length === 0) return { refusal: 'jwt-issuer' }
  const [trusted, another] = ofIssuer.filter(({ audience }) => [unverified.aud].flat().includes(audience))
  // A token for the audiences of two apps does not tell which of them it is for.
  if (!trusted || another) return { refusal: 'jwt-audience' }
  try {
    const { issuer, audience, algorithms } = trusted
    const { payload, protectedHeader } = await jwtVerify(jwt, (...token) => findKey(issuer, ...token), {
      issuer,
      audience,
      algorithms,
      clockTolerance: MAX_SKEW_SECONDS,
      requiredClaims: ['exp'],
    })
    if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) return { refusal: 'jwt-type' }
    return callerOf(payload, trusted)
  } catch (error) {
    if (error instanceof IssuerUnavailable || !(error instanceof errors.JOSEError)) throw error
    return { refusal: refusalOf(error) }
  }
}

function readClaims(jwt: string): JWTPayload | undefined {
  try {
    return decodeJwt(jwt)
  } catch {
    return undefined
  }
}

function callerOf(payload: JWTPayload, trusted: TrustedIssuer): Caller | Refusal {
  const { app, issuer, uploaderClaim, uploaderPrefix, scopes, scopeClaim } = trusted
  const name = payload[uploaderClaim]
  const uploader = uploaderPrefix + name
  if (typeof name !== 'string' || name === '' || !isUploader(uploader)) return { refusal: 'jwt-uploader' }
  const claimed = scopeClaim === undefined ? SCOPES : wordsIn(payload[scopeClaim])
  const allowed = scopes.filter((scope) => claimed.includes(scope))
  return { app, credential: issuer, kind: 'jwt', scopes: allowed.join(' '), uploader }
}

/** OAuth's `scope` is text with spaces (RFC 8693); some issuers write a list. */
function wordsIn(claim: unknown): readonly unknown[] {
  return typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : []
}

function refusalOf(error: errors.JOSEError): Refusal['refusal'] {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'jwt-algorithm'
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'jwt-key'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'jwt-signature'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' && error.reason === 'check_failed' ? 'jwt-early' : 'jwt-claims'
  }
  return 'malformed'
}
