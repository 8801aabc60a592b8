import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose'

/** A key that its issuer has withdrawn is refused at most this long afterwards. */
const KEPT_MS = 600_000
/** For a key that is not among the kept ones, an issuer is asked at most this often. */
const REFRESH_MS = 30_000
/** After a failure, so that requests do not wait for an issuer one after the other. */
const RETRY_MS = 5_000
/** Of each of the two requests. The authorizer has 10 seconds. */
const TIMEOUT_MS = 3_000
const MAX_BYTES = 200_000

/** The keys of an issuer are not known, so nothing can be said about its tokens. */
export class IssuerUnavailable extends Error {
  override name = 'IssuerUnavailable'
}

/** Finds the key of a token. @throws IssuerUnavailable; JOSEError if the issuer has no such key */
export type FindKey = (issuer: string, ...token: Parameters<JWTVerifyGetKey>) => ReturnType<JWTVerifyGetKey>

/**
 * The public keys of OpenID issuers, found by discovery (OpenID Connect Discovery 1.0) and kept for ten minutes by this instance of
 * the function. What a token says about where its key is (`jku`, `x5u`, `jwk`, `x5c`) is not looked at.
 *
 * @param options.isLocal whether addresses without TLS are used, as on a laptop
 */
export function openIssuerKeys({
  isLocal,
  now = Date.now,
}: {
  isLocal: boolean
  now?: () => number
}): FindKey {
  const kept = new Map<string, { find: JWTVerifyGetKey; readAt: number }>()
  const reads = new Map<string, Promise<JWTVerifyGetKey>>()
  const failures = new Map<string, number>()

  async function load(issuer: string): Promise<JWTVerifyGetKey> {
    const readAt = now()
    if ((failures.get(issuer) ?? Number.NEGATIVE_INFINITY) + RETRY_MS > readAt)
      throw new IssuerUnavailable(`${issuer} failed moments ago`)
    try {
      const find = createLocalJWKSet((await readKeys(issuer, isLocal)) as never)
      kept.set(issuer, { find, readAt })
      return find
    } catch (cause) {
      failures.set(issuer, now())
      throw new IssuerUnavailable(`the keys of ${issuer} cannot be read`, { cause })
    }
  }

  /** Tokens that come together wait for one request. */
  function read(issuer: string): Promise<JWTVerifyGetKey> {
    const reading = reads.get(issuer) ?? load(issuer).finally(() => reads.delete(issuer))
    reads.set(issuer, reading)
    return reading
  }

  return async (issuer, ...token) => {
    const known = kept.get(issuer)
    if (!known || known.readAt + KEPT_MS <= now()) return (await read(issuer))(...token)
    try {
      return await known.find(...token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || known.readAt + REFRESH_MS > now()) throw error
      return (await read(issuer))(...token)
    }
  }
}

async function readKeys(issuer: string, isLocal: boolean): Promise<unknown> {
  const discovery = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const description = await readJson(discovery, isLocal)
  const { issuer: named, jwks_uri: address } = Object(description)
  if (named !== issuer) throw new Error(`${discovery} is of the issuer ${JSON.stringify(named)}`)
  return readJson(String(address), isLocal)
}

async function readJson(url: string, isLocal: boolean): Promise<unknown> {
  if (!isLocal && new URL(url).protocol !== 'https:') throw new Error(`${url} is not https`)
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (response.status !== 200 || !response.body) throw new Error(`${url} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`${url} has more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}
