import { createHash } from 'node:crypto'
import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda'
import { env } from '../environment.ts'
import type { Caller } from '../http/api-event.ts'

const appByKeyHash = new Map(
  Object.entries(env.API_KEY_HASHES).flatMap(([app, hashes]) => hashes.map((hash) => [hash, app] as const)),
)

/**
 * Lambda REQUEST authorizer (payload 2.0, simple response). It always lets the request through and says on
 * whose behalf it comes, or on nobody's: HTTP API gateways cannot shape their own 401, and ours is to be
 * problem+json like any other answer. Every route that touches data asks `requireApp`, which refuses a
 * caller without an app (decisions/0007-authorizer-tells-function-refuses.md).
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<Caller>> {
  const key = /^bearer +(\S+)$/i.exec(readAuthorization(event) ?? '')?.[1]
  const hash = key && sha256(key)
  const app = hash && appByKeyHash.get(hash)
  return { isAuthorized: true, context: app ? { app, credential: hash.slice(0, 12) } : {} }
}

/** The gateway writes header names in lower case; `serverless offline` leaves them as they came. */
function readAuthorization({ headers = {} }: APIGatewayRequestAuthorizerEventV2): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1]
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
