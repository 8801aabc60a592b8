import { createHash } from 'node:crypto'
import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda'
import type { Caller } from '../http/request.ts'
import { readKeyHashes } from '../key-hashes.ts'

const appByKeyHash = readKeyHashes(process.env.API_KEY_HASHES ?? '')

/**
 * Lambda REQUEST authorizer (payload 2.0, simple response). It allows every request and adds the caller's app, if the
 * credential is valid. HTTP API gateways cannot answer 401 with problem+json, so the functions do it: every route that
 * touches data calls `requireApp` (decisions/0007-authorizer-tells-function-refuses.md).
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<Caller>> {
  const key = /^bearer +(\S+)$/i.exec(readAuthorization(event) ?? '')?.[1]
  const hash = key && sha256(key)
  const app = hash && appByKeyHash.get(hash)
  return { isAuthorized: true, context: app ? { app, credential: hash.slice(0, 12) } : {} }
}

/** The gateway writes header names in lower case; `serverless offline` does not change them. */
function readAuthorization({ headers = {} }: APIGatewayRequestAuthorizerEventV2): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
