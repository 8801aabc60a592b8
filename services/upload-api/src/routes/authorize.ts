import { createHash, timingSafeEqual } from 'node:crypto'
import { openSmallObjects } from '@darkroom/bucket/small-objects'
import { endOf, parseApiKey } from '@darkroom/core/api-key'
import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda'
import { openKeyRecords } from '../credentials/key-records.ts'
import type { Caller, Refusal } from '../http/caller.ts'

const keys = openKeyRecords(openSmallObjects(process.env.BUCKET ?? ''))

/**
 * Lambda REQUEST authorizer (payload 2.0, simple response). It allows every request and says who the caller is, or why the
 * credential is refused. HTTP API gateways cannot answer 401 with problem+json, so the functions do it: every route that
 * touches data calls `requireCaller` (decisions/0007-authorizer-tells-function-refuses.md).
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<Caller | Refusal>> {
  return { isAuthorized: true, context: await identify(readAuthorization(event)) }
}

async function identify(authorization: string | undefined): Promise<Caller | Refusal> {
  if (!authorization) return { refusal: 'missing' }
  const credential = /^bearer +(\S+)$/i.exec(authorization)?.[1]
  const key = credential && parseApiKey(credential)
  if (!key) return { refusal: 'malformed' }
  try {
    return await identifyKey(key.keyId, credential)
  } catch (error) {
    report('the record of an API key cannot be read', key.keyId, error)
    return { refusal: 'unavailable' }
  }
}

async function identifyKey(keyId: string, apiKey: string): Promise<Caller | Refusal> {
  const record = await keys.find(keyId)
  const hash = createHash('sha256').update(apiKey).digest()
  if (!(record && timingSafeEqual(hash, Buffer.from(record.sha256, 'hex')))) return { refusal: 'unknown' }
  const end = endOf(record, Date.now())
  if (end) return { refusal: end }
  await keys.noteUse(keyId).catch((error) => report('the use of an API key is not recorded', keyId, error))
  return { app: record.app, credential: keyId, scopes: record.scopes.join(' ') }
}

/** The gateway writes header names in lower case; `serverless offline` does not change them. */
function readAuthorization({ headers = {} }: APIGatewayRequestAuthorizerEventV2): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
}

/** As the logger of the other functions writes, which takes longer to load than this function. */
function report(message: string, keyId: string, error: unknown): void {
  const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  console.error(JSON.stringify({ level: 'ERROR', service: 'upload-api', message, keyId, cause }))
}
