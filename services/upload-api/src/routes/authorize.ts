import { createHash, timingSafeEqual } from 'node:crypto'
import { requestRates } from '@darkroom/app-configuration/deployed'
import { openSmallObjects } from '@darkroom/bucket/small-objects'
import { endOf, type KeyRecord, parseApiKey } from '@darkroom/core/api-key'
import { parseUploadToken, type UploadToken, verifyUploadToken } from '@darkroom/core/upload-token'
import { openRequestLimiter } from '@darkroom/rate-limits/requests'
import { openUsageTable, usageTableName } from '@darkroom/rate-limits/usage-table'
import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda'
import { openKeyRecords } from '../credentials/key-records.ts'
import type { Caller, LimitedCaller, Refusal } from '../http/caller.ts'

const keys = openKeyRecords(openSmallObjects(process.env.BUCKET ?? ''))
const limiter = openRequestLimiter({
  table: openUsageTable(usageTableName(process.env.STAGE ?? '')),
  rateOf: (app) => (Object.hasOwn(requestRates, app) ? requestRates[app] : undefined),
  onFailure: (app, error) => report('requests are accepted without a limit', { app }, error),
})

/**
 * Lambda REQUEST authorizer (payload 2.0, simple response). It allows every request and says who the caller is, or why the
 * credential is refused. HTTP API gateways cannot answer 401 with problem+json, so the functions do it: every route that
 * touches data calls `requireCaller` (decisions/0007-authorizer-tells-function-refuses.md). So it is with requests over the limit of
 * their app (decisions/0078-limits-on-requests.md).
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<LimitedCaller | Refusal>> {
  const context = await identify(readAuthorization(event))
  const limit = 'app' in context ? await limiter.count(context.app) : {}
  return { isAuthorized: true, context: { ...context, ...limit } }
}

/** A JWS in compact form (RFC 7515). Its header is JSON, so it starts with the base64url of `{"`. An upload token starts with `dt_`. */
const JWT = /^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/

async function identify(authorization: string | undefined): Promise<Caller | Refusal> {
  if (!authorization) return { refusal: 'missing' }
  const credential = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
  const token = parseUploadToken(credential)
  if (JWT.test(credential)) return ofJwt(credential)
  const keyId = token?.keyId ?? parseApiKey(credential)?.keyId
  if (keyId === undefined) return { refusal: 'malformed' }
  try {
    const record = await keys.find(keyId)
    const caller = record && (token ? ofToken(record, token) : ofKey(record, keyId, credential))
    if (!caller) return { refusal: 'unknown', credential: keyId }
    const refusal = endOf(record, Date.now())
    if (refusal) return { refusal, credential: keyId }
    await keys
      .noteUse(keyId)
      .catch((error) => report('the use of an API key is not recorded', { keyId }, error))
    return caller
  } catch (error) {
    report('the record of an API key cannot be read', { keyId }, error)
    return { refusal: 'unavailable' }
  }
}

async function ofJwt(jwt: string): Promise<Caller | Refusal> {
  const { identifyJwt } = await import('../credentials/identify-jwt.ts')
  try {
    return await identifyJwt(jwt)
  } catch (error) {
    report('a JWT cannot be checked', {}, error)
    return { refusal: 'unavailable' }
  }
}

/** Undefined if the key has another hash. */
function ofKey(record: KeyRecord, keyId: string, apiKey: string): Caller | undefined {
  const hash = createHash('sha256').update(apiKey).digest()
  if (!timingSafeEqual(hash, Buffer.from(record.sha256, 'hex'))) return undefined
  const { app, scopes, expiresAt } = record
  return { app, credential: keyId, kind: 'key', scopes: scopes.join(' '), ...(expiresAt && { expiresAt }) }
}

/** Undefined if another key signed the token. A token of a key that has ended has ended, too. */
function ofToken(record: KeyRecord, token: UploadToken): Caller | Refusal | undefined {
  const claims = verifyUploadToken(token, record.tokenKey)
  if (!claims) return undefined
  const { scopes, uploader, maxBytes, contentTypes, exp } = claims
  if (exp * 1000 <= Date.now()) return { refusal: 'expired', credential: token.keyId }
  return {
    app: record.app,
    credential: token.keyId,
    kind: 'token',
    scopes: scopes.filter((scope) => record.scopes.includes(scope)).join(' '),
    ...(uploader !== undefined && { uploader }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(contentTypes && { contentTypes: contentTypes.join(' ') }),
  }
}

/** The gateway writes header names in lower case; `serverless offline` does not change them. */
function readAuthorization({ headers = {} }: APIGatewayRequestAuthorizerEventV2): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
}

/** As the logger of the other functions writes, which takes longer to load than this function. */
function report(message: string, fields: { keyId?: string; app?: string }, error: unknown): void {
  const cause = causesOf(error).join(' < ')
  console.error(JSON.stringify({ level: 'ERROR', service: 'upload-api', message, ...fields, cause }))
}

/** The error, and what led to it. */
function causesOf(error: unknown): string[] {
  if (error === undefined) return []
  return error instanceof Error
    ? [`${error.name}: ${error.message}`, ...causesOf(error.cause)]
    : [String(error)]
}
